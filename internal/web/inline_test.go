package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func TestInline(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	got, err := inline(fstest.MapFS{
		"app.js": file("import {b, c} from './b.js';\nb();\n"),
		"b.js":   file("// b\nimport {c} from './c.js';\nexport const b = () => c;\n"),
		"c.js":   file("export function c() {}\nexport class D {}\n"),
	}, "app.js")
	if err != nil {
		t.Fatal(err)
	}
	want := `const c_js = (() => {
function c() {}
class D {}
return {c, D};
})();
const b_js = (() => {
// b
const {c} = c_js;
const b = () => c;
return {b};
})();
const app_js = (() => {
const {b, c} = b_js;
b();
return {};
})();
`
	if got != want {
		t.Errorf("got\n%s\nexpected\n%s", got, want)
	}
	for name, files := range map[string]fstest.MapFS{
		"import each other: a.js → b.js → a.js": {"a.js": file("import {b} from './b.js';\n"), "b.js": file("import {a} from './a.js';\n")},
		"can't be inlined: export default 3;":   {"a.js": file("export default 3;\n")},
		"can't be inlined: import './b.js';":    {"a.js": file("import './b.js';\n")},
		"end of a script element":               {"a.js": file("f('</script>');\n")},
		"file does not exist":                   {"a.js": file("import {b} from './b.js';\n")},
	} {
		if _, err := inline(files, "a.js"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, expected %q in it", err, name)
		}
	}
}

// The single file has everything in it, and refers to nothing.
func TestSingleFile(t *testing.T) {
	document, err := singleFile(`a <b> & "c"`, "DATA")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>a &lt;b&gt; &amp; &#34;c&#34; · rapt</title>", "DATA<script type=\"module\">\nconst ",
		"Content-Security-Policy", "<style>\n:root", `href="data:,"`} {
		if !strings.Contains(document, want) {
			t.Errorf("there is no %q", want)
		}
	}
	if found := regexp.MustCompile(`(?:src|href)="[^#d][^"]*"`).FindString(document); found != "" {
		t.Errorf("it refers to %s", found)
	}
	err = fs.WalkDir(page, ".", func(path string, _ fs.DirEntry, err error) error {
		if data, _ := fs.ReadFile(page, path); regexp.MustCompile(`https?://`).Match(regexp.MustCompile(`http://www\.w3\.org/2000/svg`).ReplaceAll(data, nil)) {
			t.Errorf("%s has an address of the network in it", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
