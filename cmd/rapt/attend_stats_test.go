package main

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/internal/npy"
)

// TestAttendStats holds the file of --stats against the weights of the same call.
func TestAttendStats(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	const batch, queries, keys, heads, dim = 2, 30, 40, 2, 8
	rng := rand.New(rand.NewPCG(1, 1))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	writeArray(t, path("q.npy"), draw(batch*queries*heads*dim), batch, queries, heads, dim)
	writeArray(t, path("k.npy"), draw(batch*keys*heads*dim), batch, keys, heads, dim)
	writeArray(t, path("v.npy"), draw(batch*keys*heads*dim), batch, keys, heads, dim)
	args := []string{"attend", "--q", path("q.npy"), "--k", path("k.npy"), "--causal", "--query-start", "10"}
	with := append(slices.Clone(args), "--v", path("v.npy"), "-o", path("out.npy"), "--weights", path("w.npy"), "--stats", path("stats.npz"))
	without := append(slices.Clone(args), "--stats", path("only.npz"), "--no-output")
	plain := append(slices.Clone(args), "--v", path("v.npy"), "-o", path("plain.npy"))
	for _, a := range [][]string{with, without, plain} {
		if code := run(t.Context(), a); code != 0 {
			t.Fatalf("%v exits with %d", a, code)
		}
	}
	if !slices.Equal(readArray(t, path("out.npy")).Data.([]float32), readArray(t, path("plain.npy")).Data.([]float32)) {
		t.Error("--stats changes the output")
	}
	stats, err := npy.ReadNPZFile(path("stats.npz"))
	if err != nil {
		t.Fatal(err)
	}
	only, err := npy.ReadNPZFile(path("only.npz"))
	if err != nil {
		t.Fatal(err)
	}
	for name, shape := range map[string][]int{
		"entropy": {batch, heads, queries}, "max_weight": {batch, heads, queries}, "argmax": {batch, heads, queries},
		"distance": {batch, heads, queries}, "lse": {batch, heads, queries},
		"topk_index": {batch, heads, queries, 8}, "topk_weight": {batch, heads, queries, 8},
		"received": {batch, heads, keys}, "max_received": {batch, heads, keys}, "argmax_received": {batch, heads, keys},
		"pooled_mean": {batch, heads, queries, keys}, "pooled_max": {batch, heads, queries, keys},
	} {
		if stats[name] == nil || !slices.Equal(stats[name].Shape, shape) || only[name] == nil {
			t.Fatalf("%s is missing or has another shape than %v", name, shape)
		}
	}
	if bins, mass := stats["offset_bins"].Shape[0], stats["offset_mass"].Shape; !slices.Equal(mass, []int{batch, heads, bins - 1}) {
		t.Errorf("offset_mass has shape %v for %d edges", mass, bins)
	}

	weights := readArray(t, path("w.npy")).Data.([]float32)
	received := make([]float64, batch*heads*keys)
	for row := range batch * heads * queries {
		entropy := 0.0
		for j, w := range weights[row*keys:][:keys] {
			if w > 0 {
				entropy -= float64(w) * math.Log(float64(w))
			}
			received[row/queries*keys+j] += float64(w)
		}
		if got := float64(stats["entropy"].Data.([]float32)[row]); math.Abs(got-entropy) > 1e-5 {
			t.Errorf("entropy of row %d is %v, expected %v", row, got, entropy)
		}
	}
	for j, want := range received {
		if got := stats["received"].Data.([]float64)[j]; math.Abs(got-want) > 1e-5 {
			t.Errorf("received[%d] is %v, expected %v", j, got, want)
		}
	}
	// As many cells as weights: the map is the weights.
	for j, w := range weights {
		if got := stats["pooled_max"].Data.([]float32)[j]; math.Abs(float64(got-w)) > 1e-6 {
			t.Fatalf("cell %d is %v, expected %v", j, got, w)
		}
	}
}

// TestAttendClasses holds class_mass against the weights, for classes of each sequence and for those of all.
func TestAttendClasses(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	const batch, queries, keys, heads, dim = 2, 3, 5, 1, 4
	rng := rand.New(rand.NewPCG(2, 2))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	writeArray(t, path("q.npy"), draw(batch*queries*heads*dim), batch, queries, heads, dim)
	writeArray(t, path("k.npy"), draw(batch*keys*heads*dim), batch, keys, heads, dim)
	each, all := []uint8{1, 2, 3, 0, 128, 0, 0, 255, 4, 1}, []uint8{1, 0, 0, 64, 1}
	writeArray(t, path("each.npy"), each, batch, keys)
	writeArray(t, path("all.npy"), all, keys)
	for name, classes := range map[string][]uint8{"each.npy": each, "all.npy": append(slices.Clone(all), all...)} {
		code := run(t.Context(), []string{"attend", "--q", path("q.npy"), "--k", path("k.npy"), "--v", path("k.npy"), "--weights", path("w.npy"),
			"--stats", path("s.npz"), "--classes", path(name)})
		if code != 0 {
			t.Fatalf("%s: exits with %d", name, code)
		}
		stats, err := npy.ReadNPZFile(path("s.npz"))
		if err != nil {
			t.Fatal(err)
		}
		mass, weights := stats["class_mass"], readArray(t, path("w.npy")).Data.([]float32)
		if !slices.Equal(mass.Shape, []int{batch, heads, queries, 8}) {
			t.Fatalf("%s: class_mass has shape %v", name, mass.Shape)
		}
		for row := range batch * heads * queries {
			for bit := range 8 {
				var want float64
				for j, w := range weights[row*keys:][:keys] {
					want += float64(w) * float64(classes[row/(heads*queries)*keys+j]>>bit&1)
				}
				if got := float64(mass.Data.([]float32)[row*8+bit]); math.Abs(got-want) > 1e-6 {
					t.Errorf("%s: row %d gives %v to class %d, expected %v", name, row, got, bit, want)
				}
			}
		}
	}
	writeArray(t, path("short.npy"), all[:4], 4)
	writeArray(t, path("floats.npy"), draw(keys), keys)
	for _, name := range []string{"short.npy", "floats.npy", "nothing.npy"} {
		if code := run(t.Context(), []string{"attend", "--q", path("q.npy"), "--k", path("k.npy"), "--stats", path("t.npz"), "--no-output", "--classes", path(name)}); code != 1 {
			t.Errorf("--classes %s exits with %d, expected 1", name, code)
		}
	}
}
