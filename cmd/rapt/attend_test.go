package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/internal/atomicfile"
	"github.com/rapt-go/rapt/internal/golden"
	"github.com/rapt-go/rapt/internal/npy"
)

// TestAttendTorch runs every case of PyTorch's through files and flags. The answer is float64's; the distance allowed
// is the command's contract, relative where numbers are larger than 1.
func TestAttendTorch(t *testing.T) {
	const tolerance = 1e-5
	for _, c := range golden.Torch(t) {
		t.Run(c.Name, func(t *testing.T) {
			dir := t.TempDir()
			args := append([]string{"attend", "--layout", "bhsd"}, torchInputs(t, dir, c)...)
			args = append(args, torchFlags(c)...)
			out, lse, weights := filepath.Join(dir, "out.npy"), filepath.Join(dir, "lse.npy"), filepath.Join(dir, "weights.npy")
			args = append(args, "-o", out, "--lse", lse, "--weights", weights)
			if stdout, err := runCommand(t, args...); err != nil || stdout != "" {
				t.Fatalf("error %v, stdout %q; expected neither", err, stdout)
			}
			equalFile(t, out, []int{c.Batch, c.Heads, c.QueryLen, c.ValueDim}, c.Out, tolerance)
			equalFile(t, lse, []int{c.Batch, c.Heads, c.QueryLen}, c.LSE, tolerance)
			equalFile(t, weights, []int{c.Batch, c.Heads, c.QueryLen, c.KeyLen}, c.Weights, tolerance)
		})
	}
}

// torchInputs writes the inputs of a case to dir, and gives the flags that name them.
func torchInputs(t *testing.T, dir string, c golden.Case) []string {
	t.Helper()
	var args []string
	input := func(flag string, data any, shape ...int) {
		path := filepath.Join(dir, flag+".npy")
		writeArray(t, path, data, shape...)
		args = append(args, "--"+flag, path)
	}
	input("q", c.Q, c.Batch, c.Heads, c.QueryLen, c.HeadDim)
	input("k", c.K, c.Batch, c.KVHeads, c.KeyLen, c.HeadDim)
	input("v", c.V, c.Batch, c.KVHeads, c.KeyLen, c.ValueDim)
	if c.Mask != nil {
		input("mask", c.Mask, c.MaskShape...)
	}
	if c.Bias != nil {
		input("bias", c.Bias, c.BiasShape...)
	}
	if c.Sinks != nil {
		input("sinks", c.Sinks, c.Heads)
	}
	if c.ALiBi != nil {
		input("alibi", c.ALiBi, c.Heads)
	}
	return args
}

// torchFlags is the options of a case that aren't files.
func torchFlags(c golden.Case) []string {
	args := []string{"--query-start", strconv.Itoa(c.QueryStart), "--softcap", fmt.Sprint(c.Softcap)}
	if c.Causal {
		args = append(args, "--causal")
	}
	if c.WindowLeft != nil {
		args = append(args, "--window-left", strconv.Itoa(*c.WindowLeft))
	}
	if c.WindowRight != nil {
		args = append(args, "--window-right", strconv.Itoa(*c.WindowRight))
	}
	if c.Scale != nil {
		args = append(args, "--scale", fmt.Sprint(*c.Scale))
	}
	if c.KeyLens != nil {
		args = append(args, "--key-lens", strings.Trim(strings.ReplaceAll(fmt.Sprint(c.KeyLens), " ", ","), "[]"))
	}
	return args
}

// TestAttendLayouts computes one case in all layouts; the numbers are the same, and each output lies as its q does.
func TestAttendLayouts(t *testing.T) {
	const batch, seq, heads, dim = 2, 3, 2, 4
	dense := make([]float32, batch*seq*heads*dim)
	for i := range dense {
		dense[i] = float32(math.Sin(float64(i)))
	}
	headMajor := swapAxes(dense, batch, seq, heads, dim)
	run := func(data []float32, layout string, shape ...int) *npy.Array {
		dir := t.TempDir()
		x, out := filepath.Join(dir, "x.npy"), filepath.Join(dir, "out.npy")
		writeArray(t, x, data, shape...)
		if _, err := runCommand(t, "attend", "--layout", layout, "--q", x, "--k", x, "--v", x, "-o", out); err != nil {
			t.Fatal(err)
		}
		return readArray(t, out)
	}
	want := run(dense, "bshd", batch, seq, heads, dim)
	byHead := run(headMajor, "bhsd", batch, heads, seq, dim)
	if got, want := fmt.Sprint(byHead.Shape), fmt.Sprint([]int{batch, heads, seq, dim}); got != want {
		t.Errorf("bhsd: output of shape %s, expected %s", got, want)
	}
	swapped := swapAxes(want.Data.([]float32), batch, seq, heads, dim)
	if got := byHead.Data.([]float32); !equalBits(got, swapped) {
		t.Errorf("bhsd: output %v, expected %v", got, swapped)
	}
	one := run(headMajor[:seq*dim], "bshd", seq, dim) // sequence 0, head 0
	if got, want := fmt.Sprint(one.Shape), fmt.Sprint([]int{seq, dim}); got != want {
		t.Errorf("(seq, dim): output of shape %s, expected %s", got, want)
	}
	if got, want := one.Data.([]float32), byHead.Data.([]float32)[:seq*dim]; !equalBits(got, want) {
		t.Errorf("(seq, dim): output %v, expected %v", got, want)
	}
}

// swapAxes is data of shape [batch][seq][heads][dim] as [batch][heads][seq][dim].
func swapAxes(data []float32, batch, seq, heads, dim int) []float32 {
	var swapped []float32
	for b := range batch {
		for h := range heads {
			for s := range seq {
				at := ((b*seq+s)*heads + h) * dim
				swapped = append(swapped, data[at:at+dim]...)
			}
		}
	}
	return swapped
}

func equalBits(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return true
}

// TestAttendBroadcast gives the mask with one to four axes.
func TestAttendBroadcast(t *testing.T) {
	const batch, seq, heads, dim = 2, 3, 2, 4
	dir := t.TempDir()
	x := filepath.Join(dir, "x.npy")
	// All scores are equal: what is visible has equal weights, and they aren't 0.
	writeArray(t, x, make([]float32, batch*seq*heads*dim), batch, seq, heads, dim)
	for _, c := range []struct {
		name  string
		mask  []bool
		shape []int
		want  func(b, h, i, j int) bool
	}{
		{"keys", []bool{true, false, true}, []int{3}, func(_, _, _, j int) bool { return j != 1 }},
		{"queries", []bool{true, false, true}, []int{3, 1}, func(_, _, i, _ int) bool { return i != 1 }},
		{"heads", []bool{true, false}, []int{2, 1, 1}, func(_, h, _, _ int) bool { return h == 0 }},
		{"batch", []bool{false, true}, []int{2, 1, 1, 1}, func(b, _, _, _ int) bool { return b == 1 }},
		{"batch and keys", []bool{true, true, false, true, false, false}, []int{2, 1, 1, 3},
			func(b, _, _, j int) bool { return b+j < 2 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			mask, weights := filepath.Join(dir, "mask.npy"), filepath.Join(dir, "weights.npy")
			writeArray(t, mask, c.mask, c.shape...)
			_, err := runCommand(t, "attend", "--q", x, "--k", x, "--v", x, "--mask", mask, "--weights", weights)
			if err != nil {
				t.Fatal(err)
			}
			got := readArray(t, weights).Data.([]float32)
			for n, weight := range got {
				b, h, i, j := n/(heads*seq*seq), n/(seq*seq)%heads, n/seq%seq, n%seq
				if (weight > 0) != c.want(b, h, i, j) {
					t.Errorf("weight (%d, %d, %d, %d) is %v", b, h, i, j, weight)
				}
			}
		})
	}
}

// TestAttendTypes reads float64 and float16, whose numbers here are exact in float32.
func TestAttendTypes(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name+".npy") }
	writeArray(t, path("f32"), []float32{1, 2, -0.5, 4}, 2, 2)
	writeArray(t, path("f64"), []float64{1, 2, -0.5, 4}, 2, 2)
	writeArray(t, path("f16"), npy.Float16s{0x3c00, 0x4000, 0xb800, 0x4400}, 2, 2)
	var outputs [][]float32
	for _, x := range []string{"f32", "f64", "f16"} {
		if _, err := runCommand(t, "attend", "--q", path(x), "--k", path(x), "--v", path(x), "-o", path("out")); err != nil {
			t.Fatal(err)
		}
		outputs = append(outputs, readArray(t, path("out")).Data.([]float32))
	}
	if !equalBits(outputs[0], outputs[1]) || !equalBits(outputs[0], outputs[2]) {
		t.Errorf("outputs of float32, float64 and float16 differ: %v", outputs)
	}
}

func writeArray(t *testing.T, path string, data any, shape ...int) {
	t.Helper()
	array := &npy.Array{Shape: shape, Data: data}
	if err := atomicfile.Write(path, func(w io.Writer) error { return npy.Write(w, array) }); err != nil {
		t.Fatal(err)
	}
}

func readArray(t *testing.T, path string) *npy.Array {
	t.Helper()
	a, err := npy.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// equalFile compares a file of float32 with what is wanted, relative to max(1, |want|); nil is not compared. NaN and
// infinities have to be in the same places.
func equalFile(t *testing.T, path string, shape []int, want []float64, tolerance float64) {
	t.Helper()
	a := readArray(t, path)
	if fmt.Sprint(a.Shape) != fmt.Sprint(shape) {
		t.Errorf("%s has shape %v, expected %v", filepath.Base(path), a.Shape, shape)
		return
	}
	for i, x := range want {
		got := float64(a.Data.([]float32)[i])
		if got == x || math.IsNaN(got) && math.IsNaN(x) {
			continue
		}
		if off := math.Abs(got-x) / max(1, math.Abs(x)); !(off <= tolerance) {
			t.Errorf("%s[%d] is %v, expected %v", filepath.Base(path), i, got, x)
			return
		}
	}
}
