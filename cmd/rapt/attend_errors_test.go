package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAttendErrors has one wrong thing in each call: the message names the flag, the file and both numbers, and nothing
// is written.
func TestAttendErrors(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	file := func(name string, data any, shape ...int) string {
		writeArray(t, path(name), data, shape...)
		return path(name)
	}
	floats := func(n int) []float32 { return make([]float32, n) }

	q := file("q.npy", floats(2*3*4*8), 2, 3, 4, 8) // 2 sequences, 3 queries, 4 heads of 8 numbers
	kv := file("kv.npy", floats(2*5*2*8), 2, 5, 2, 8)
	flat := file("flat.npy", floats(40), 5, 8)
	cut := path("cut.npy")
	if data, err := os.ReadFile(q); err != nil {
		t.Fatal(err)
	} else if err := os.WriteFile(cut, data[:len(data)-4], 0o666); err != nil {
		t.Fatal(err)
	}

	out := path("out.npy")
	good := map[string]string{"q": q, "k": kv, "v": kv, "output": out}
	for _, c := range []struct {
		name  string
		flags map[string]string // beside or instead of the good ones; "": without it
		usage bool
		want  []string // parts of the message
	}{
		{"no q", map[string]string{"q": ""}, true, []string{"--q"}},
		{"no output", map[string]string{"output": ""}, true, []string{"-o, --lse, --weights or --stats"}},
		{"output twice", map[string]string{"lse": out}, true, []string{"-o and --lse", out}},
		{"layout", map[string]string{"layout": "bsd"}, true, []string{`--layout is "bsd"`}},
		{"left", map[string]string{"window-left": "-1"}, true, []string{"--window-left is -1"}},
		{"right", map[string]string{"window-right": "-3"}, true, []string{"--window-right is -3"}},
		{"scale 0", map[string]string{"scale": "0"}, true, []string{"--scale is 0"}},
		{"scale NaN", map[string]string{"scale": "nan"}, true, []string{"--scale is NaN"}},
		{"softcap", map[string]string{"softcap": "-2"}, true, []string{"--softcap is -2"}},
		{"threads", map[string]string{"threads": "-2"}, true, []string{"--threads is -2"}},
		{"number of key lengths", map[string]string{"key-lens": "5"}, true, []string{"--key-lens has length 1", "expected 2", q}},
		{"key length", map[string]string{"key-lens": "5,6"}, true, []string{"--key-lens is 6", "0 to 5", kv}},
		{"key length below 0", map[string]string{"key-lens": "5,-1"}, true, []string{"--key-lens is -1"}},

		{"no such file", map[string]string{"q": path("none.npy")}, false, []string{"--q", "none.npy"}},
		{"truncated", map[string]string{"q": cut}, false, []string{"--q", cut, "768", "764"}},
		{"type", map[string]string{"q": file("int.npy", []int64{1}, 1, 1)}, false, []string{"--q", "int.npy", "int64"}},
		{"axes", map[string]string{"v": file("3d.npy", floats(8), 2, 2, 2)}, false, []string{"--v", "(2, 2, 2)", "has 3 axes", "expected the 4"}},
		{"axes of k", map[string]string{"k": flat}, false, []string{"--k", flat, "(5, 8)", "rank is 2", "expected 4", q}},
		{"empty heads", map[string]string{"q": file("empty.npy", floats(0), 2, 3, 4, 0)}, false, []string{"(2, 3, 4, 0)"}},
		{"batch", map[string]string{"k": file("b.npy", floats(80), 1, 5, 2, 8)}, false, []string{"--k", "batch is 1", "expected 2"}},
		{"dim", map[string]string{"k": file("d.npy", floats(70), 2, 5, 1, 7)}, false, []string{"--k", "dim is 7", "expected 8"}},
		{"heads", map[string]string{"k": file("h.npy", floats(240), 2, 5, 3, 8), "v": path("h.npy")}, false,
			[]string{"--q", "heads is 4", "multiple of 3"}},
		{"keys of v", map[string]string{"v": file("s.npy", floats(128), 2, 4, 2, 8)}, false, []string{"--v", "seq is 4", "expected 5"}},
		{"mask type", map[string]string{"mask": file("fm.npy", floats(5), 5)}, false, []string{"--mask", "float32", "expected bool"}},
		{"mask shape", map[string]string{"mask": file("m.npy", make([]bool, 6), 6)}, false,
			[]string{"--mask", "(6,)", "keys is 6", "expected 5 or 1"}},
		{"bias axes", map[string]string{"bias": file("5d.npy", floats(1), 1, 1, 1, 1, 1)}, false, []string{"--bias", "rank is 5"}},
		{"bias shape", map[string]string{"bias": file("bh.npy", floats(2), 2, 1, 1)}, false, []string{"heads is 2", "expected 4 or 1"}},
		{"sinks", map[string]string{"sinks": file("sinks.npy", floats(2), 2)}, false, []string{"--sinks", "(2,)", "(4,)"}},
		{"alibi", map[string]string{"alibi": file("alibi.npy", floats(4), 1, 4)}, false, []string{"--alibi", "(1, 4)", "(4,)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := runCommand(t, attendArgs(good, c.flags)...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q, expected %q in it", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q is longer than a line", err)
			}
			if usage := errors.As(err, new(usageError)); usage != c.usage {
				t.Errorf("error %q counts as a wrong call: %v, expected %v", err, usage, c.usage)
			}
			if _, err := os.Stat(out); !os.IsNotExist(err) {
				t.Errorf("there is an output: %v", err)
			}
		})
	}
}

// attendArgs is the command line with the flags of good, as others change them.
func attendArgs(good, others map[string]string) []string {
	args := []string{"attend"}
	for _, flags := range []map[string]string{good, others} {
		for flag, value := range flags {
			if _, changed := others[flag]; value != "" && (!changed || others[flag] == value) {
				args = append(args, "--"+flag+"="+value)
			}
		}
	}
	slices.Sort(args[1:])
	return slices.Compact(args)
}

// TestAttendLeavesNothing asks for an output that can't be written, when another one could.
func TestAttendLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	x := filepath.Join(dir, "x.npy")
	writeArray(t, x, make([]float32, 8), 2, 4)
	out, lse := filepath.Join(dir, "no", "out.npy"), filepath.Join(dir, "lse.npy")
	_, err := runCommand(t, "attend", "--q", x, "--k", x, "--v", x, "-o", out, "--lse", lse)
	if err == nil || !strings.Contains(err.Error(), "-o") {
		t.Errorf("error %v, expected one about -o", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("files %v, expected x.npy alone", entries)
	}
}

// TestAttendInterrupted has a context that is done before the files are written, as after Ctrl-C.
func TestAttendInterrupted(t *testing.T) {
	dir := t.TempDir()
	x, out := filepath.Join(dir, "x.npy"), filepath.Join(dir, "out.npy")
	writeArray(t, x, make([]float32, 8), 2, 4)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	root := newRootCommand()
	root.SetArgs([]string{"attend", "--q", x, "--k", x, "--v", x, "-o", out})
	if err := root.ExecuteContext(ctx); !errors.Is(err, errInterrupted) {
		t.Errorf("error %v, expected %v", err, errInterrupted)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("there is an output: %v", err)
	}
}
