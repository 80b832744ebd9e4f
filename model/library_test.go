package model_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/model"
)

// tree writes files under a new directory. A content of "-> target" makes a link; a name with a / at the end a directory.
func tree(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		dir := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			dir = path
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if target, link := strings.CutPrefix(content, "-> "); link {
			if err := os.Symlink(filepath.FromSlash(target), path); err != nil {
				t.Skip("no links here:", err)
			}
		} else if dir != path {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// bertAt adds a model that can be opened to the files of a tree.
func bertAt(t *testing.T, files map[string]string, dir string) {
	files[dir+"/config.json"] = string(read(t, "bert", "config.json"))
	files[dir+"/model.safetensors"] = string(read(t, "bert", "model.safetensors"))
}

func TestFind(t *testing.T) {
	const hub = "hub/models--"
	root := tree(t, map[string]string{
		"one/bert/config.json":              "{}",
		"one/Org/MiniLM-v2/config.json":     "{}",
		"one/Org/other/tokenizer.json":      "{}",
		"one/tiny.gguf":                     "",
		"one/same/config.json":              "{}",
		"one/both/config.json":              "{}",
		"one/both.gguf":                     "",
		"one/same/model-q8.gguf":            "",
		"one/quant/model-q8.gguf":           "",
		"one/quant/model-q4.gguf":           "",
		"one/.git/config.json":              "{}",
		"one/notes/today.txt":               "",
		"two/bert/config.json":              "{}",
		"two/gpt2/config.json":              "{}",
		hub + "gpt2/snapshots/1/x":          "",
		hub + "gpt2/refs/main":              "1",
		hub + "acme--distilgpt2/x":          "",
		hub + "acme--MiniLM-v2/snapshots/1": "",
		hub + "acme--All-MINILM/x":          "",
		hub + "acme--all-minilm/x":          "",
	})
	at := func(path string) string { return filepath.Join(root, filepath.FromSlash(path)) }
	library := model.Library{at("one"), at("not there"), at("two"), at("hub")}
	for _, test := range []struct{ name, want, err string }{
		{name: "bert", want: "one/bert"}, // before two/bert
		{name: "BERT", want: "one/bert"},
		{name: "gpt2", want: "two/gpt2"}, // not distilgpt2, of which it is no word
		{name: "Org/MiniLM-v2", want: "one/Org/MiniLM-v2"},
		{name: "org/minilm-V2", want: "one/Org/MiniLM-v2"},
		{name: "other", want: "one/Org/other"},
		{name: "acme/distilgpt2", want: hub + "acme--distilgpt2"},
		{name: "distilgpt2", want: hub + "acme--distilgpt2"},
		{name: "all-minilm", want: hub + "acme--all-minilm"}, // case tells them apart
		{name: "All-MINILM", want: hub + "acme--All-MINILM"},
		{name: "tiny", want: "one/tiny.gguf"},
		{name: "TINY.gguf", want: "one/tiny.gguf"},
		{name: "both", want: "one/both"},
		{name: "both.gguf", want: "one/both.gguf"},
		{name: "q4", want: "one/quant/model-q4.gguf"},
		{name: "quant/model-q8", want: "one/quant/model-q8.gguf"},
		{name: at("one/notes"), want: "one/notes"}, // a path, whatever is there
		{name: at("one/tiny.gguf"), want: "one/tiny.gguf"},

		{name: "MiniLM-v2", err: `"MiniLM-v2" may be any of acme/MiniLM-v2 and Org/MiniLM-v2`},
		{name: "v2", err: `"v2" may be any of`},
		{name: "ALL-minilm", err: `"ALL-minilm" may be any of acme/All-MINILM and acme/all-minilm`},
		{name: "model-q8.gguf", err: `may be any of quant/model-q8.gguf and same/model-q8.gguf`},
		{name: "lm-v2", err: `no model of that name; there are acme/MiniLM-v2 and Org/MiniLM-v2`}, // no whole word
		{name: "stilgpt", err: "no model of that name; there are acme/distilgpt2"},
		{name: "llama", err: "no model of that name; there are acme/All-MINILM, acme/all-minilm, acme/distilgpt2, acme/MiniLM-v2, bert, both, both.gguf, "},
		{name: "llama", err: " and 4 others"},
		{name: ".git", err: "no such file"},
		{name: "", err: "no such file"},
		{name: "./bert", err: "no such file"},
		{name: at("nowhere"), err: "no such file"},
		{name: "a\x00b", err: "invalid"},
		{name: strings.Repeat("long", 1000), err: "name too long"},
	} {
		t.Run(test.name[:min(len(test.name), 40)], func(t *testing.T) {
			got, err := library.Find(test.name)
			if test.err != "" {
				wantError(t, err, test.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got, at(test.want)) || strings.HasPrefix(got, at(test.want)+"2") {
				t.Errorf("found %s, want %s", got, at(test.want))
			}
		})
	}
	_, err := model.Library{at("not there"), at("one/notes")}.Find("bert")
	wantError(t, err, `no model of that name: there are none in `+at("not there")+", "+at("one/notes"))
	_, err = model.Library(nil).Find("bert")
	wantError(t, err, `no directory to look for a model of that name`)
}

// Of the revisions in a cache of Hugging Face's libraries the one that main names is taken, or else the newest that is complete.
func TestFindRevision(t *testing.T) {
	const config, params = `{"model_type": "bert"}`, "\x02\x00\x00\x00\x00\x00\x00\x00{}"
	files := func(changes map[string]string) map[string]string {
		all := map[string]string{"snapshots/old/config.json": config, "snapshots/old/model.safetensors": params}
		for name, content := range changes {
			all[name] = content
		}
		moved := map[string]string{}
		for name, content := range all {
			moved["models--a--b/"+name] = content
		}
		return moved
	}
	for _, test := range []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"only one", nil, "old"},
		{"newest", map[string]string{"snapshots/new/config.json": config, "snapshots/new/model.safetensors": params}, "new"},
		{"newest lacks parameters", map[string]string{"snapshots/new/config.json": config}, "old"},
		{"newest lacks a configuration", map[string]string{"snapshots/new/model.safetensors": params}, "old"},
		{"newest has links to nothing", map[string]string{
			"snapshots/new/config.json": "-> ../../blobs/1", "snapshots/new/model.safetensors": "-> ../../blobs/2"}, "old"},
		{"newest lacks a shard", map[string]string{
			"snapshots/new/config.json": config, "snapshots/new/model.safetensors.index.json": `{"weight_map": {"a": "1"}}`}, "old"},
		{"newest has links", map[string]string{"blobs/1": config, "blobs/2": params,
			"snapshots/new/config.json": "-> ../../blobs/1", "snapshots/new/model.safetensors": "-> ../../blobs/2"}, "new"},
		{"newest has a .gguf file", map[string]string{"snapshots/new/x.gguf": ""}, "new/x.gguf"},
		{"main is older", map[string]string{"refs/main": "old\n",
			"snapshots/new/config.json": config, "snapshots/new/model.safetensors": params}, "old"},
		{"main lacks parameters", map[string]string{"refs/main": "main", "snapshots/main/config.json": config}, "old"},
		{"main isn't there", map[string]string{"refs/main": "main", "snapshots/new/config.json": config}, "old"},
		{"main leads outside", map[string]string{"refs/main": "../../../x", "snapshots/new/config.json": config}, "old"},
		{"main is absolute", map[string]string{"refs/main": "/etc", "snapshots/new/config.json": config}, "old"},
		{"main is endless", map[string]string{"refs/main": "-> /dev/zero", "snapshots/new/config.json": config}, "old"},
		{"main is a directory", map[string]string{"refs/main/": "", "snapshots/new/config.json": config}, "old"},
		{"main is itself", map[string]string{"refs/main": "-> main", "snapshots/new/config.json": config}, "old"},
		{"a file beside them", map[string]string{"refs/main": "README", "snapshots/README": ""}, "old"},
		{"a link in a circle", map[string]string{"refs/main": "new", "snapshots/new": "-> new"}, "old"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, files(test.changes))
			snapshots := filepath.Join(root, "models--a--b", "snapshots")
			past := time.Now().Add(-time.Hour)
			if err := os.Chtimes(filepath.Join(snapshots, "old"), past, past); err != nil {
				t.Fatal(err)
			}
			name := "a/b"
			if strings.HasSuffix(test.want, ".gguf") {
				name = "x"
			}
			got, err := model.Library{root}.Find(name)
			if want := filepath.Join(snapshots, filepath.FromSlash(test.want)); err != nil || got != want {
				t.Errorf("found %s (%v), want %s", got, err, want)
			}
		})
	}
	t.Run("none is complete", func(t *testing.T) {
		root := tree(t, map[string]string{"models--a--b/refs/main": "1",
			"models--a--b/snapshots/1/config.json": config, "models--a--b/snapshots/2/config.json": config})
		got, err := model.Library{root}.Find("a/b")
		if want := filepath.Join(root, "models--a--b", "snapshots", "1"); err != nil || got != want {
			t.Errorf("found %s (%v), want %s, which main names", got, err, want)
		}
	})
}

func TestList(t *testing.T) {
	params := read(t, "bert", "model.safetensors")
	const hub = "hub/models--org--"
	files := map[string]string{
		"dir/org/mamba/config.json":       `{"model_type": "mamba"}`,
		"dir/org/mamba/model.safetensors": "123",
		"dir/pickled/config.json":         `{"model_type": "bert"}`,
		"dir/pickled/a.bin":               "1234",
		"dir/pickled/b.bin":               "5",
		"dir/lost/model.safetensors":      "123",
		"dir/.hidden/config.json":         "{}",
		"dir/nothing/README.md":           "",
		"dir/a file":                      "",
		"dir/round":                       "-> ..",
		"dir/org/round":                   "-> ../../dir",
		"dir/self":                        "-> self",
		"dir/there":                       "-> back",
		"dir/back":                        "-> there",
		"dir/broken/config.json":          "-> nowhere",
		"dir/broken/model.safetensors":    "-> nowhere",
		"dir/bad\x1bname/config.json":     "[",
		hub + "empty/refs/main":           "1",
		hub + "none/snapshots/":           "",
		"hub/version.txt":                 "1",
		"hub/datasets--a--b/snapshots/1/": "",
		"a file":                          "",
	}
	bertAt(t, files, "dir/small")
	bertAt(t, files, hub+"bert/snapshots/1")
	root := tree(t, files)
	at := func(path string) string { return filepath.Join(root, filepath.FromSlash(path)) }
	type row struct{ Name, Path, Family, Err string }
	var got []row
	sizes := map[string]int64{}
	for _, f := range (model.Library{at("dir"), at("hub"), at("a file"), at("not there")}).List() {
		r := row{f.Name, f.Path, f.Family, ""}
		if f.Err != nil {
			r.Err = strings.ReplaceAll(f.Err.Error(), f.Path, "PATH")
		}
		got, sizes[f.Name] = append(got, r), f.Size
	}
	want := []row{
		{"a file", at("a file"), "", "open PATH: not a directory"},
		{"bad\x1bname", at("dir/bad\x1bname"), "", "PATH: config.json: not a JSON object: unexpected end of JSON input"},
		{"lost", at("dir/lost"), "", "PATH has no config.json"},
		{"org/bert", at(hub + "bert/snapshots/1"), "bert", ""},
		{"org/empty", at(hub + "empty"), "", "open PATH/snapshots: no such file or directory"},
		{"org/mamba", at("dir/org/mamba"), "mamba", ""},
		{"org/none", at(hub + "none"), "", "PATH has no revision of the model"},
		{"pickled", at("dir/pickled"), "bert", "PATH has no model.safetensors, only a.bin, b.bin; no other file of parameters is read"},
		{"small", at("dir/small"), "bert", ""},
	}
	for i := range got {
		if got[i].Name == "org/mamba" && strings.Contains(got[i].Err, "isn't supported") {
			got[i].Err = "" // it goes on with a list of what is
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, want := range map[string]int64{
		"small": int64(len(params)), "org/bert": int64(len(params)), "org/mamba": 3, "pickled": 5, "org/none": 0, "a file": 0,
	} {
		if sizes[name] != want {
			t.Errorf("%s has %d bytes, want %d", name, sizes[name], want)
		}
	}
}

// A model in the cache is called what its repository is called, not by the number of its revision.
func TestNameOfRevision(t *testing.T) {
	files := map[string]string{}
	bertAt(t, files, "models--org--small-bert/snapshots/0123abc")
	bertAt(t, files, "models--alone/snapshots/0123abc")
	root := tree(t, files)
	for _, name := range []string{"org/small-bert", "alone"} {
		path, err := model.Library{root}.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Info().Name; got != name {
			t.Errorf("name %q, want %q", got, name)
		}
		m.Close()
	}
}

func TestEnvLibrary(t *testing.T) {
	join := filepath.Join
	for _, test := range []struct {
		name string
		env  map[string]string
		home string
		want model.Library
	}{
		{"nothing is set", nil, "home", model.Library{join("home", ".cache", "huggingface", "hub")}},
		{"nothing at all", nil, "", nil},
		{"XDG", map[string]string{"XDG_CACHE_HOME": "xdg"}, "home", model.Library{join("xdg", "huggingface", "hub")}},
		{"home of Hugging Face", map[string]string{"XDG_CACHE_HOME": "xdg", "HF_HOME": "hf"}, "", model.Library{join("hf", "hub")}},
		{"cache", map[string]string{"HF_HOME": "hf", "HF_HUB_CACHE": "cache"}, "home", model.Library{"cache"}},
		{"in the user's directory", map[string]string{"HF_HOME": "~/hf", "RAPT_MODELS": "~/models"}, "home",
			model.Library{join("home", "models"), join("home", "hf", "hub")}},
		{"several", map[string]string{"RAPT_MODELS": "a" + string(filepath.ListSeparator) + string(filepath.ListSeparator) + "b"}, "",
			model.Library{"a", "b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := model.EnvLibrary(func(name string) string { return test.env[name] }, test.home)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What can't be read is listed with the reason, and hides nothing else.
func TestListUnreadable(t *testing.T) {
	files := map[string]string{"closed/config.json": "{}", "org/closed/config.json": "{}", "hub/models--a--b/snapshots/1/x": ""}
	bertAt(t, files, "open")
	root := tree(t, files)
	for _, dir := range []string{"closed", "org/closed", "hub/models--a--b/snapshots"} {
		path := filepath.Join(root, filepath.FromSlash(dir))
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(path, 0o700) // or the directory couldn't be removed
		if _, err := os.ReadDir(path); err == nil {
			t.Skip("this user can read everything")
		}
	}
	for _, f := range (model.Library{root, filepath.Join(root, "hub")}).List() {
		switch f.Name {
		case "open":
			if f.Err != nil {
				t.Error(f.Err)
			}
		case "closed", "org/closed", "a/b":
			wantError(t, f.Err, "permission denied")
		default:
			t.Errorf("found %s", f.Name)
		}
	}
}
