package golden

import (
	"math"
	"slices"
	"testing"
)

// TestTorch checks that every case has the tensors that its sizes and options say: no test may pass for want of data.
func TestTorch(t *testing.T) {
	cases := Torch(t)
	if len(cases) != 70 {
		t.Errorf("%d cases, expected 70", len(cases))
	}
	stored := 0
	for _, c := range cases {
		queries, keys := c.Batch*c.Heads*c.QueryLen, c.Batch*c.KVHeads*c.KeyLen
		for _, x := range []struct {
			name      string
			got, want int
		}{
			{"q", len(c.Q), queries * c.HeadDim},
			{"k", len(c.K), keys * c.HeadDim},
			{"v", len(c.V), keys * c.ValueDim},
			{"out", len(c.Out), queries * c.ValueDim},
		} {
			if x.got != x.want {
				t.Errorf("%s: %s has %d numbers, expected %d", c.Name, x.name, x.got, x.want)
			}
		}
		if (c.LSE == nil) != (c.Name == "sinks_empty_rows") {
			t.Errorf("%s: lse has %d numbers", c.Name, len(c.LSE))
		}
		if c.Weights != nil {
			stored++
		}
	}
	if stored < 30 {
		t.Errorf("%d cases have weights, expected at least 30", stored)
	}
}

// TestTorchOptions counts the cases that have what only some have.
func TestTorchOptions(t *testing.T) {
	counts := map[string]int{}
	count := func(option string, there bool) {
		if there {
			counts[option]++
		}
	}
	for _, c := range Torch(t) {
		count("mask", c.Mask != nil && len(c.MaskShape) == 4)
		count("bias", c.Bias != nil && len(c.BiasShape) == 4)
		count("sinks", len(c.Sinks) == c.Heads)
		count("alibi", len(c.ALiBi) == c.Heads)
		count("key lengths", len(c.KeyLens) == c.Batch)
		count("NaN", slices.ContainsFunc(c.Out, math.IsNaN))
	}
	for option, want := range map[string]int{"mask": 7, "bias": 9, "sinks": 6, "alibi": 3, "key lengths": 5, "NaN": 3} {
		if counts[option] != want {
			t.Errorf("%d cases have %s, expected %d", counts[option], option, want)
		}
	}
}

func TestONNX(t *testing.T) {
	ops := map[string]int{}
	for _, c := range ONNX(t) {
		ops[c.Op]++
		for _, name := range []string{"Q", "K", "V"} {
			if c.Inputs[name].Floats == nil {
				t.Errorf("%s has no %s", c.Name, name)
			}
		}
		if c.Outputs["Y"].Floats == nil {
			t.Errorf("%s has no Y", c.Name)
		}
	}
	if ops["Attention"] != 93 || ops["FlexAttention"] != 10 {
		t.Errorf("cases %v, expected 93 of Attention and 10 of FlexAttention", ops)
	}
}

func TestNest(t *testing.T) {
	nested := Nest([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 2, 1, 2, 3)
	if got := nested[1][0][1][2]; got != 11 {
		t.Errorf("the last element is %d, expected 11", got)
	}
	if got := nested[0][0][1]; !slices.Equal(got, []int{3, 4, 5}) {
		t.Errorf("row (0, 0, 1) is %v, expected [3 4 5]", got)
	}
}
