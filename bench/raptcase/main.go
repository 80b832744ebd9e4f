// Command raptcase runs one case of attention for rivals.py. It reads lines of JSON and answers each with one: first a case
// with the folder of its inputs, then how often to run it, or what to measure.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/measure"
)

// A request is one line of input: a case, or what to do with it.
type request struct {
	Folder string `json:"folder"` // q.f32, k.f32, v.f32: raw little-endian numbers, [batch][heads][seq][dim]

	Batch   int    `json:"batch"`
	Heads   int    `json:"heads"`
	KVHeads int    `json:"kv_heads"`
	Queries int    `json:"queries"`
	Keys    int    `json:"keys"`
	Dim     int    `json:"dim"`
	Causal  bool   `json:"causal"`
	Mask    string `json:"mask"`    // "random": mask.u8 [queries][keys]; "bias": bias.f32 [heads][queries][keys]; "padding": KeyLen; or ""
	KeyLen  int    `json:"key_len"` // with "padding", how many keys are kept
	Threads int    `json:"threads"`
	Stats   bool   `json:"stats"` // entropy of every query and mass received by every key, too

	Run  int    `json:"run"`  // so many calls; the answer is the seconds of each
	Peak bool   `json:"peak"` // operations a second that all of Threads together can do
	Read bool   `json:"read"` // bytes a second that they read from memory
	Save string `json:"save"` // write the output there
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	var c *benchCase
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		answer, err := answer(&c, &r)
		if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}

func answer(c **benchCase, r *request) (any, error) {
	if (r.Peak || r.Read || r.Folder != "") && r.Threads < 1 {
		return nil, fmt.Errorf("threads is %d, expected at least 1", r.Threads)
	}
	switch {
	case r.Folder != "":
		next, err := load(r)
		*c = next
		return "ready", err
	case r.Peak:
		return measure.Peak(r.Threads), nil
	case r.Read:
		return measure.ReadRate(r.Threads), nil
	case *c == nil:
		return nil, fmt.Errorf("there is no case yet")
	case r.Save != "":
		return "saved", os.WriteFile(r.Save, bytesOf((*c).out.Data), 0o644)
	case r.Run < 1:
		return nil, fmt.Errorf("run is %d, expected at least 1", r.Run)
	}
	seconds := make([]float64, r.Run)
	for i := range seconds {
		start := time.Now()
		if err := (*c).call(); err != nil {
			return nil, err
		}
		seconds[i] = time.Since(start).Seconds()
	}
	return seconds, nil
}

type benchCase struct {
	out, q, k, v rapt.Tensor[float32]
	o            *rapt.Options
	stats        *rapt.Stats
}

func (c *benchCase) call() error {
	if c.stats != nil {
		return rapt.Statistics(c.stats, &c.out, c.q, c.k, c.v, c.o)
	}
	return rapt.Attend(c.out, c.q, c.k, c.v, c.o)
}

func load(r *request) (*benchCase, error) {
	c := &benchCase{o: &rapt.Options{Causal: r.Causal, Threads: r.Threads}}
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

func floats(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data)%4 != 0 {
		return nil, fmt.Errorf("%s has %d bytes, expected a multiple of 4", path, len(data))
	}
	x := make([]float32, len(data)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return x, nil
}

func bytesOf(x []float32) []byte {
	data := make([]byte, 0, 4*len(x))
	for _, f := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
	}
	return data
}
