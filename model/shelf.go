package model

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rapt-go/rapt/internal/regular"
)

// A shelf is a place of a library where a model lies, or should.
type shelf struct {
	name, path string
	err        error // why there is no telling what lies there
}

// shelves are all places of a library, sorted by name, each name once.
func (l Library) shelves() []shelf {
	var all []shelf
	seen := map[string]bool{}
	for _, dir := range l {
		for _, s := range shelvesIn(dir) {
			if !seen[s.name] {
				seen[s.name] = true
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, func(a, b shelf) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)), cmp.Compare(a.name, b.name))
	})
	return all
}

// shelvesIn are the places in one directory of a library. A directory that isn't there has none, as in PATH.
func shelvesIn(dir string) []shelf {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return []shelf{{filepath.Base(dir), dir, err}}
	}
	var all []shelf
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		switch name, hub := hubName(path); {
		case isGGUF(path) && isRegular(path) && !hidden(entry):
			all = append(all, shelf{name: entry.Name(), path: path})
		case !mayHaveModels(dir, entry):
		case hub:
			all = append(all, modelsOfHub(name, path)...)
		default:
			all = append(all, modelsOfOrg(entry.Name(), path)...)
		}
	}
	return all
}

// modelsOfOrg are the models in a directory, and if it is none itself, those in the directories in it.
func modelsOfOrg(name, dir string) []shelf {
	all := modelsIn(name, dir)
	if exists(dir, configFile) {
		return all
	}
	entries, _ := os.ReadDir(dir) // modelsIn says why it can't be read
	for _, entry := range entries {
		if mayHaveModels(dir, entry) {
			all = append(all, modelsIn(name+"/"+entry.Name(), filepath.Join(dir, entry.Name()))...)
		}
	}
	return all
}

// modelsOfHub are the models in a directory of the cache of Hugging Face's libraries, of which the name says that there is
// one.
func modelsOfHub(name, dir string) []shelf {
	revision, err := hubRevision(dir)
	if err != nil {
		return []shelf{{name, dir, err}}
	}
	if found := modelsIn(name, revision); found != nil {
		return found
	}
	return []shelf{{name: name, path: revision}}
}

// modelsIn are the directory itself, if it has anything that belongs to a model, and all .gguf files in it.
func modelsIn(name, dir string) []shelf {
	files, err := paramFilesIn(dir)
	if err != nil {
		return []shelf{{name, dir, err}}
	}
	var all []shelf
	others := false
	for _, file := range files {
		if isGGUF(file) {
			all = append(all, shelf{name: name + "/" + file, path: filepath.Join(dir, file)})
		} else {
			others = true
		}
	}
	if others || len(all) == 0 && (exists(dir, configFile) || exists(dir, tokenizerFile)) {
		all = append(all, shelf{name: name, path: dir})
	}
	return all
}

// hubRevision chooses one of the revisions of a model in the cache of Hugging Face's libraries.
func hubRevision(dir string) (path string, err error) {
	snapshots := filepath.Join(dir, "snapshots")
	entries, err := os.ReadDir(snapshots)
	if err != nil {
		return "", err
	}
	main, _ := regular.Read(filepath.Join(dir, "refs", "main"), 1024) // without it no revision is before the others
	type revision struct {
		path string
		rank int // 1: main names it
		time time.Time
	}
	var revisions []revision
	for _, entry := range entries {
		r := revision{path: filepath.Join(snapshots, entry.Name())}
		if entry.Name() == strings.TrimSpace(string(main)) {
			r.rank = 1 // what main says is only compared with the names that are there, so it can't lead elsewhere
		}
		if info, err := os.Stat(r.path); err == nil && info.IsDir() {
			r.time = info.ModTime()
			revisions = append(revisions, r)
		}
	}
	if len(revisions) == 0 {
		return "", fmt.Errorf("%s has no revision of the model", dir)
	}
	slices.SortFunc(revisions, func(a, b revision) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), b.time.Compare(a.time), cmp.Compare(a.path, b.path))
	})
	for _, r := range revisions {
		if len(revisions) == 1 || complete(r.path) {
			return r.path, nil
		}
	}
	return revisions[0].path, nil
}

// complete reports whether a directory has the files that Open needs, or a .gguf file.
func complete(dir string) bool {
	if files, err := paramFilesIn(dir); err != nil || slices.ContainsFunc(files, isGGUF) {
		return err == nil
	}
	file, _, err := openParams(dir)
	if err != nil {
		return false
	}
	file.Close() // nothing was read of it
	return exists(dir, configFile)
}

// paramFilesIn are the names of the files in a directory that hold parameters, by how they end.
func paramFilesIn(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, entry := range entries {
		switch strings.ToLower(filepath.Ext(entry.Name())) {
		case ".bin", ".ckpt", ".gguf", ".h5", ".msgpack", ".onnx", ".pt", ".pth", ".safetensors":
			if isRegular(filepath.Join(dir, entry.Name())) {
				names = append(names, entry.Name())
			}
		}
	}
	return names, err
}

// mayHaveModels reports whether an entry of a directory is a directory to look into: not one that is hidden, nor a link to
// one above, which would lead round in a circle.
func mayHaveModels(dir string, entry fs.DirEntry) bool {
	path := filepath.Join(dir, entry.Name())
	if info, err := os.Stat(path); err != nil || !info.IsDir() || hidden(entry) {
		return false
	}
	from, errFrom := filepath.EvalSymlinks(dir)
	to, errTo := filepath.EvalSymlinks(path)
	if errFrom != nil || errTo != nil {
		return false
	}
	back, err := filepath.Rel(to, from)
	return err != nil || !filepath.IsLocal(back)
}

func hidden(entry fs.DirEntry) bool { return strings.HasPrefix(entry.Name(), ".") }

func isGGUF(name string) bool { return strings.EqualFold(filepath.Ext(name), ".gguf") }

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// exists reports whether a directory has a file, or a link to one that is there.
func exists(dir, file string) bool {
	_, err := os.Stat(filepath.Join(dir, file))
	return err == nil
}
