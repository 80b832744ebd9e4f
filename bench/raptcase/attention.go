package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/rapt-go/rapt"
)

// An attentionRequest is a case of attention. Its inputs are q.f32, k.f32, v.f32: raw little-endian numbers,
// [batch][heads][seq][dim].
type attentionRequest struct {
	Batch   int    `json:"batch"`
	Heads   int    `json:"heads"`
	KVHeads int    `json:"kv_heads"`
	Queries int    `json:"queries"`
	Keys    int    `json:"keys"`
	Dim     int    `json:"dim"`
	Causal  bool   `json:"causal"`
	Mask    string `json:"mask"`    // "random": mask.u8 [queries][keys]; "bias": bias.f32 [heads][queries][keys]; "padding": KeyLen; or ""
	KeyLen  int    `json:"key_len"` // with "padding", how many keys are kept
	Stats   bool   `json:"stats"`   // entropy of every query and mass received by every key, too
}

type attentionCase struct {
	out, q, k, v rapt.Tensor[float32]
	o            *rapt.Options
	stats        *rapt.Stats
}

func (c *attentionCase) call() error {
	if c.stats != nil {
		return rapt.Statistics(c.stats, &c.out, c.q, c.k, c.v, c.o)
	}
	return rapt.Attend(c.out, c.q, c.k, c.v, c.o)
}

func (c *attentionCase) output() ([]byte, error) { return bytesOf(c.out.Data), nil }

func (r *request) loadAttention() (*attentionCase, error) {
	c := &attentionCase{o: &rapt.Options{Causal: r.Causal, Threads: r.Threads}}
	for _, x := range []struct {
		name       string
		to         *rapt.Tensor[float32]
		heads, seq int
	}{{"q", &c.q, r.Heads, r.Queries}, {"k", &c.k, r.KVHeads, r.Keys}, {"v", &c.v, r.KVHeads, r.Keys}} {
		data, err := floats(filepath.Join(r.Folder, x.name+".f32"))
		if err != nil {
			return nil, err
		}
		*x.to = rapt.HeadMajor(data, r.Batch, x.heads, x.seq, r.Dim)
	}
	c.out = rapt.HeadMajor(make([]float32, len(c.q.Data)), r.Batch, r.Heads, r.Queries, r.Dim)
	if err := r.mask(c.o); err != nil {
		return nil, err
	}
	if r.Stats {
		c.stats = &rapt.Stats{
			Entropy:  make([]float32, r.Batch*r.Heads*r.Queries),
			Received: make([]float64, r.Batch*r.Heads*r.Keys),
		}
	}
	return c, nil
}

// mask reads what hides keys or moves their scores.
func (r *request) mask(o *rapt.Options) error {
	switch r.Mask {
	case "":
	case "random":
		data, err := os.ReadFile(filepath.Join(r.Folder, "mask.u8"))
		if err != nil {
			return err
		}
		keep := make([]bool, len(data))
		for i, x := range data {
			keep[i] = x != 0
		}
		o.Mask = rapt.Broadcast(keep, 1, 1, r.Queries, r.Keys)
	case "bias":
		bias, err := floats(filepath.Join(r.Folder, "bias.f32"))
		if err != nil {
			return err
		}
		o.Bias = rapt.Broadcast(bias, 1, r.Heads, r.Queries, r.Keys)
	case "padding":
		o.KeyLens = slices.Repeat([]int{r.KeyLen}, r.Batch)
	default:
		return fmt.Errorf("mask is %q, expected random, bias, padding or nothing", r.Mask)
	}
	return nil
}
