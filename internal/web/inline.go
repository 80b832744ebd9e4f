package web

import (
	"fmt"
	"html"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Where index.html refers to other files, and where a file has its data. The test of the single file fails if one of
// them isn't there.
const (
	linkTag   = `<link rel="stylesheet" href="style.css">`
	scriptTag = `<script type="module" src="app.js"></script>`
	iconTag   = `<link rel="icon" href="icon.svg">`
	titleTag  = `<title>rapt</title>`
	policyTag = `<meta charset="utf-8">`
)

// filePolicy keeps a file from asking the network for anything, whatever is in it.
const filePolicy = `default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'`

// singleFile is the page with its styles and modules in it, and with scripts that hold data.
func singleFile(title, data string) (string, error) {
	document, err := fs.ReadFile(page, "index.html")
	if err != nil {
		return "", err
	}
	style, err := fs.ReadFile(page, "style.css")
	if err != nil {
		return "", err
	}
	modules, err := inline(page, "app.js")
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		policyTag, policyTag+"\n<meta http-equiv=\"Content-Security-Policy\" content=\""+filePolicy+"\">",
		titleTag, "<title>"+html.EscapeString(title)+" · rapt</title>",
		iconTag, `<link rel="icon" href="data:,">`,
		linkTag, "<style>\n"+string(style)+"</style>",
		scriptTag, data+"<script type=\"module\">\n"+modules+"</script>",
	).Replace(string(document)), nil
}

// The only forms of import and export that the page's modules use.
var (
	importLine = regexp.MustCompile(`(?m)^import (\{[^}]*\}) from '\./([a-z]+\.js)';\n`)
	exportLine = regexp.MustCompile(`(?m)^export ((?:async )?function|const|class) (\w+)`)
	otherForms = regexp.MustCompile(`(?m)^(?:import|export)\b.*`)
)

// inline makes one script of a module and all that it imports. Each module becomes a function that is called once and
// gives its exports, those that others need first; an import becomes the unpacking of what the other one gave:
//
//	import {viridis} from './color.js';   →   const {viridis} = color_js;
//	export function viridis() {…}         →   function viridis() {…} … return {viridis};
func inline(files fs.FS, entry string) (string, error) {
	var out strings.Builder
	done := map[string]bool{}
	var add func(name string, within []string) error
	add = func(name string, within []string) error {
		if done[name] {
			return nil
		}
		for _, outer := range within {
			if outer == name {
				return fmt.Errorf("modules import each other: %s", strings.Join(append(within, name), " → "))
			}
		}
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		for _, m := range importLine.FindAllSubmatch(source, -1) {
			if err := add(string(m[2]), append(within, name)); err != nil {
				return err
			}
		}
		done[name] = true
		return addModule(&out, name, string(source))
	}
	err := add(entry, nil)
	return out.String(), err
}

func addModule(out *strings.Builder, name, source string) error {
	var exports []string
	for _, m := range exportLine.FindAllStringSubmatch(source, -1) {
		exports = append(exports, m[2])
	}
	source = importLine.ReplaceAllStringFunc(source, func(line string) string {
		m := importLine.FindStringSubmatch(line)
		return fmt.Sprintf("const %s = %s;\n", m[1], variable(m[2]))
	})
	source = exportLine.ReplaceAllString(source, "$1 $2")
	if rest := otherForms.FindString(source); rest != "" {
		return fmt.Errorf("%s: can't be inlined: %s", name, rest)
	}
	if strings.Contains(source, "</script") {
		return fmt.Errorf("%s: has the end of a script element in it", name)
	}
	fmt.Fprintf(out, "const %s = (() => {\n%sreturn {%s};\n})();\n", variable(name), source, strings.Join(exports, ", "))
	return nil
}

// variable is what a module's exports are called in the file.
func variable(module string) string {
	return strings.ReplaceAll(strings.TrimSuffix(path.Base(module), ".js"), "-", "_") + "_js"
}
