package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rapt-go/rapt/internal/quote"
)

// A Library is a list of directories in which models lie, so that they can be called by a name. Nothing is downloaded.
//
// In each directory DIR these are models:
//
//	DIR/name, DIR/org/name            directories with a config.json: "name", "org/name"
//	DIR/name.gguf, DIR/…/name.gguf    files of llama.cpp, there or in such a directory: "name.gguf", "org/name/file.gguf"
//	DIR/models--org--name             a model in the cache of Hugging Face's libraries: "org/name"
//
// A name that two directories of the list have means the first one's. What begins with a dot is not looked at.
//
// Of the revisions in the cache the one that refs/main names is taken. If it isn't there, or lacks files, it is the newest
// that has its configuration and all its parameters.
type Library []string

// EnvLibrary is the library that environment variables describe: the directories in RAPT_MODELS, separated as in PATH, and
// then the cache of Hugging Face's libraries, where they have it: HF_HUB_CACHE, or hub in HF_HOME, or huggingface/hub
// in XDG_CACHE_HOME or in home's .cache. getenv gives a variable's value, "" if it isn't set; home is the user's directory, or
// "" if there is none.
func EnvLibrary(getenv func(name string) string, home string) Library {
	var l Library
	for _, dir := range filepath.SplitList(getenv("RAPT_MODELS")) {
		if dir != "" {
			l = append(l, inHome(dir, home))
		}
	}
	hub := getenv("HF_HUB_CACHE")
	for _, above := range []struct {
		dir string
		to  []string
	}{
		{getenv("HF_HOME"), []string{"hub"}},
		{getenv("XDG_CACHE_HOME"), []string{"huggingface", "hub"}},
		{home, []string{".cache", "huggingface", "hub"}},
	} {
		if hub == "" && above.dir != "" {
			hub = filepath.Join(append([]string{above.dir}, above.to...)...)
		}
	}
	if hub != "" {
		l = append(l, inHome(hub, home))
	}
	return l
}

// inHome is a path in which a ~ at the beginning is the user's directory.
func inHome(path, home string) string {
	if rest, ok := strings.CutPrefix(filepath.ToSlash(path), "~/"); ok {
		return filepath.Join(home, rest)
	}
	return path
}

// Find is the path that Open takes for a model.
//
// What is a path to something that exists is taken as it is. All else is a name, as List gives it, "org/name"; or what
// follows the slash; or any ending that begins after a character which is no letter and no digit, as "MiniLM-L6-v2" for
// "sentence-transformers/all-MiniLM-L6-v2". ".gguf" may be left out.
// Of these the first that fits any model decides: case counts if it tells two of them apart, and if there are still several,
// or none, the error lists them.
func (l Library) Find(name string) (path string, err error) {
	_, err = os.Stat(name)
	if err == nil {
		return name, nil
	}
	if isPath(name) || !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	found := l.shelves()
	if i := slices.IndexFunc(found, func(s shelf) bool { return s.name == name }); i >= 0 {
		return found[i].path, nil
	}
	for _, fits := range []func(name, sought string) bool{
		func(name, sought string) bool { return name == sought },
		func(name, sought string) bool { return lastPart(name) == sought },
		endsIn,
	} {
		var fitting []shelf
		for _, exactly := range []bool{true, false} {
			if fitting = fittingShelves(found, name, exactly, fits); len(fitting) > 0 {
				break
			}
		}
		switch {
		case len(fitting) == 1:
			return fitting[0].path, nil
		case len(fitting) > 1:
			return "", fmt.Errorf("%s may be any of %s", quote.Text(name), nameList(fitting))
		}
	}
	return "", l.unknown(name, found)
}

// isPath reports whether what the user wrote can't be the name of a model.
func isPath(name string) bool {
	return name == "" || filepath.IsAbs(name) || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") ||
		strings.Contains(name, `\`) || strings.HasSuffix(name, "/")
}

// fittingShelves are the shelves whose names fit the one that is sought, with .gguf or without.
func fittingShelves(all []shelf, sought string, exactly bool, fits func(name, sought string) bool) (fitting []shelf) {
	for _, s := range all {
		name := s.name
		if !exactly {
			name, sought = strings.ToLower(name), strings.ToLower(sought)
		}
		if fits(name, sought) || fits(strings.TrimSuffix(name, ".gguf"), sought) {
			fitting = append(fitting, s)
		}
	}
	return fitting
}

// lastPart is what follows the last slash.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// endsIn reports whether a name ends in a whole word or several.
func endsIn(name, sought string) bool {
	rest, ok := strings.CutSuffix(name, sought)
	if !ok || rest == "" {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(rest)
	return !unicode.IsLetter(last) && !unicode.IsDigit(last)
}

// unknown is the error about a name that no model has. It lists those that have the name in theirs, or else all.
func (l Library) unknown(name string, all []shelf) error {
	switch {
	case len(l) == 0:
		return fmt.Errorf("there is no file or directory %s, and no directory to look for a model of that name", quote.Text(name))
	case len(all) == 0:
		return fmt.Errorf("there is no file or directory %s, and no model of that name: there are none in %s",
			quote.Text(name), strings.Join(l, ", "))
	}
	similar := slices.DeleteFunc(slices.Clone(all), func(s shelf) bool {
		return !strings.Contains(strings.ToLower(s.name), strings.ToLower(lastPart(name)))
	})
	if len(similar) == 0 {
		similar = all
	}
	return fmt.Errorf("there is no file or directory %s, and no model of that name; there are %s", quote.Text(name), nameList(similar))
}

// nameList is a sentence's list of names.
func nameList(shelves []shelf) string {
	const most = 10
	var names []string
	for _, s := range shelves[:min(len(shelves), most)] {
		names = append(names, quote.Plain(s.name))
	}
	if more := len(shelves) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d others", more))
	}
	if last := len(names) - 1; last > 0 {
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return names[0]
}

// A Found is a model in a library.
type Found struct {
	Name   string // as Find takes it
	Path   string // as Open takes it
	Family string // as in Info; "" if there is no telling
	Size   int64  // of the files that hold the parameters, in bytes
	Err    error  // why Open refuses it; nil if it doesn't
}

// List is all models of a library, sorted by name, with those that can't be used. Each is opened, which reads no more than its
// configuration and the headers of its parameters.
func (l Library) List() []Found {
	var list []Found
	for _, s := range l.shelves() {
		list = append(list, s.look())
	}
	return list
}

// look opens the model.
func (s shelf) look() Found {
	f := Found{Name: s.name, Path: s.path, Err: s.err}
	if f.Err == nil {
		var m *Model
		if m, f.Err = Open(s.path); f.Err == nil {
			f.Family, f.Size = m.info.Family, m.info.ParamBytes
			f.Err = m.Close()
			return f
		}
	}
	f.Family, f.Size = familyIn(s.path), paramsSize(s.path)
	return f
}

// familyIn is what the configuration in a directory calls itself, if that much of it can be read.
func familyIn(dir string) string {
	data, err := readConfig(dir)
	if err != nil {
		return ""
	}
	c, err := parseConfig(data)
	if err != nil {
		return ""
	}
	return c.text("model_type", "")
}

// paramsSize is the size of a file, or of all files in a directory that look like parameters.
func paramsSize(at string) (sum int64) {
	if isRegular(at) {
		return fileSize(at)
	}
	names, _ := paramFilesIn(at) // where nothing can be read there is nothing to add
	for _, name := range names {
		sum += fileSize(filepath.Join(at, name))
	}
	return sum
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// hubName is the name of a model by the directory that has its revisions in the cache of Hugging Face's libraries.
func hubName(dir string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(filepath.Base(dir), "models--")
	return strings.Replace(rest, "--", "/", 1), ok
}

// nameOf is the name of the model at a path: that of a revision in the cache is its repository's.
func nameOf(at string) string {
	absolute, err := filepath.Abs(at)
	if err != nil {
		return filepath.Base(at)
	}
	if snapshots := filepath.Dir(absolute); filepath.Base(snapshots) == "snapshots" {
		if name, ok := hubName(filepath.Dir(snapshots)); ok {
			return name
		}
	}
	return filepath.Base(absolute)
}
