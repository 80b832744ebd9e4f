package safetensors

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// inDir writes files into a new directory, in which a / makes a directory.
func inDir(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shard is a file of tensors of three bytes each.
func shard(names ...string) string {
	header, n := []string{`"__metadata__":{"format":"pt"}`}, 0
	for _, name := range names {
		header = append(header, `"`+name+`":{"dtype":"U8","shape":[3],"data_offsets":[`+
			string(rune('0'+n))+`,`+string(rune('0'+n+3))+`]}`)
		n += 3
	}
	return string(file("{"+strings.Join(header, ",")+"}", n))
}

func TestOpenIndex(t *testing.T) {
	dir := inDir(t, map[string]string{
		"1.safetensors":      shard("a", "b"),
		"more/2.safetensors": shard("c"),
		"not used":           "",
		"index.json": `{"metadata": {"total_size": -1e99, "list": [{"x": null}, "]"]},
			"weight_map": {"a": "1.safetensors", "c": "more/2.safetensors", "b": "1.safetensors"}}`,
	})
	f, err := OpenIndex(filepath.Join(dir, "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, f.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{"a": "\x00\x01\x02", "b": "\x03\x04\x05", "c": "\x00\x01\x02"} {
		if tensor, ok := f.Tensor(name); !ok || string(tensor.Data) != want {
			t.Errorf("tensor %s is %q (%v), want %q", name, tensor.Data, ok, want)
		}
	}
	if _, ok := f.Tensor("d"); ok {
		t.Error("found a tensor that isn't there")
	}
	if got, want := f.Size(), int64(len(shard("a", "b"))+len(shard("c"))); got != want {
		t.Errorf("size %d, want %d, the sum of the shards", got, want)
	}
	if diff := cmp.Diff(map[string]string{"format": "pt"}, f.Metadata()); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if names := f.Names(); len(names) != 0 {
		t.Errorf("tensors %v after Close", names)
	}
	if err := f.Close(); err != nil {
		t.Error("second Close:", err)
	}
}

// In the cache of Hugging Face every file of a model is a link to another directory.
func TestOpenIndexThroughLinks(t *testing.T) {
	dir := inDir(t, map[string]string{
		"blobs/1":            shard("a"),
		"blobs/2":            `{"weight_map": {"a": "1.safetensors"}}`,
		"snapshot/some file": "",
	})
	for link, target := range map[string]string{"1.safetensors": "../blobs/1", "index.json": "../blobs/2"} {
		if err := os.Symlink(target, filepath.Join(dir, "snapshot", link)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	f, err := OpenIndex(filepath.Join(dir, "snapshot", "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := f.Tensor("a"); !ok {
		t.Error("no tensor a")
	}
}

func TestOpenIndexRefuses(t *testing.T) {
	shards := map[string]string{"1": shard("a", "b"), "2": shard("c"), "3": shard("a"), "cut": shard("a")[:50], "empty": "", "d/4": shard("a")}
	for _, c := range []struct{ name, index, want string }{
		{"empty", ``, "ends too early"},
		{"not JSON", `weight_map`, "invalid character"},
		{"a list", `[]`, "found [, expected {"},
		{"nothing in it", `{}`, "no weight_map"},
		{"no map", `{"metadata": {}}`, "no weight_map"},
		{"empty map", `{"weight_map": {}}`, "no weight_map"},
		{"more after it", `{"weight_map": {"a": "3"}} {}`, "something follows the end"},
		{"map a list", `{"weight_map": ["3"]}`, "found [, expected {"},
		{"map null", `{"weight_map": null}`, "found null, expected {"},
		{"shard null", `{"weight_map": {"a": null}}`, `weight_map: tensor "a": after byte`},
		{"bad metadata", `{"metadata": {]}, "weight_map": {"a": "3"}}`, "after byte 11: invalid character ']'"},
		{"deep metadata", `{"metadata": ` + strings.Repeat("[", 1e6) + `, "weight_map": {"a": "3"}}`, "after byte 11"},
		{"tensor twice", `{"weight_map": {"a": "1", "b": "1", "a": "3"}}`, `"a" is there twice`},
		{"map twice", `{"weight_map": {"a": "3"}, "weight_map": {"a": "3"}}`, `"weight_map" is there twice`},

		{"parent", `{"weight_map": {"a": "../1"}}`, `tensor "a": its shard "../1" is outside`},
		{"parent inside", `{"weight_map": {"a": "d/../../1"}}`, "is outside"},
		{"absolute", `{"weight_map": {"a": "/etc/passwd"}}`, "is outside"},
		{"no name", `{"weight_map": {"a": ""}}`, "is outside"},
		{"itself", `{"weight_map": {"a": "."}}`, "no plain path"},
		{"a second spelling", `{"weight_map": {"a": "1", "b": "./1"}}`, `tensor "b": its shard "./1" is no plain path`},
		{"a third spelling", `{"weight_map": {"a": "1", "b": "d/../1"}}`, "no plain path"},
		{"a NUL", `{"weight_map": {"a": "1\u0000"}}`, `its shard "1\x00" is no plain path`},

		{"shard missing", `{"weight_map": {"a": "3", "c": "5"}}`, `shard "5" is missing`},
		{"shard a directory", `{"weight_map": {"a": "d"}}`, "d: not a regular file"},
		{"shard empty", `{"weight_map": {"a": "empty"}}`, "the file has 0 bytes"},
		{"shard cut", `{"weight_map": {"a": "cut"}}`, "cut: safetensors: the header claims"},
		{"tensor not there", `{"weight_map": {"a": "1", "b": "1", "x": "1"}}`, `shard "1" has no tensor "x"`},
		{"tensor not listed", `{"weight_map": {"a": "1"}}`, `shard "1" has a tensor "b", which the index doesn't list`},
		{"tensor elsewhere", `{"weight_map": {"a": "1", "b": "2", "c": "2"}}`, `shard "1" has a tensor "b", which the index has in "2"`},
		{"tensor in two shards", `{"weight_map": {"a": "1", "b": "1", "x": "3"}}`, `shard "3" has a tensor "a", which the index has in "1"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(shards)
			files["index.json"] = c.index
			path := filepath.Join(inDir(t, files), "index.json")
			_, err := OpenIndex(path)
			switch {
			case err == nil:
				t.Fatal("no error")
			case !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path):
				t.Errorf("error %q, want one with the path and %q", err, c.want)
			case len(err.Error()) > 600 || strings.ContainsAny(err.Error(), "\n\x00"):
				t.Errorf("not a short line: %q", err)
			}
		})
	}
}

// Whatever an index says, no shard is outside its directory, and none has two spellings.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"weight_map": {"a": "1.safetensors", "b": "x/2.safetensors"}, "metadata": {}}`))
	f.Add([]byte(`{"weight_map": {"a": "../1"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		shardOf, err := parseIndex(data)
		if err != nil {
			return
		}
		for _, shard := range slices.Collect(maps.Values(shardOf)) {
			joined := filepath.Join("dir", filepath.FromSlash(shard))
			if rest, inside := strings.CutPrefix(joined, "dir"+string(filepath.Separator)); !inside || filepath.ToSlash(rest) != shard {
				t.Errorf("shard %q lies at %q", shard, joined)
			}
		}
	})
}
