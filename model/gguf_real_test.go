package model_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// A small real Llama writes from a GGUF file the 100 tokens that it writes from the directory.
func TestStoriesGGUF(t *testing.T) {
	m, err := model.Open(writeGGUF(t, directoryToGGUF(t, storiesDir)))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	checkStory(t, m)
}

// openSmolLM2 opens a real quantised model.
func openSmolLM2(t *testing.T) *model.Model {
	t.Helper()
	path := os.Getenv("RAPT_SMOLLM2")
	if path == "" {
		t.Skip("RAPT_SMOLLM2 is not set to the file SmolLM2-135M-Instruct.Q4_1.gguf")
	}
	m, err := model.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// The tokenizer of the file cuts texts as Hugging Face's library does with the tokenizer.json of the same model.
func TestSmolLM2Tokenizer(t *testing.T) {
	tok, err := openSmolLM2(t).Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join("..", "tokenizer", "testdata", "smollm2", "cases.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	lines := bufio.NewScanner(unzipped)
	for lines.Buffer(nil, 1<<20); lines.Scan(); cases++ {
		var c struct {
			Text    string
			Pair    *string
			IDs     []int
			Offsets [][2]int
			Decoded string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		e, err := tok.Encode(c.Text, nil)
		if c.Pair != nil {
			e, err = tok.EncodePair(c.Text, *c.Pair, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := tok.Decode(e.IDs, true)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(e.IDs, c.IDs) || !slices.Equal(e.Offsets, c.Offsets) || decoded != c.Decoded {
			t.Errorf("%q is %d at %v, %q; expected %d at %v, %q", c.Text, e.IDs, e.Offsets, decoded, c.IDs, c.Offsets, c.Decoded)
		}
	}
	if err := lines.Err(); err != nil || cases != 175 {
		t.Errorf("%d cases: %v", cases, err)
	}
}

// What llama.cpp writes with the same parameters in float32 is written here, with the same probabilities. As it runs by
// itself it rounds activations to 8 bits; where that makes it write another token, the two are as good as equal here.
func TestSmolLM2(t *testing.T) {
	m := openSmolLM2(t)
	tok, err := m.Tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join("testdata", "smollm2.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Prompt   string
		Q4_1     []int
		Float32  []int
		Logprobs []float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	// The logits are of size 20; llama.cpp computes some functions with tables of float16 in float32, too.
	const limit = 1e-3
	// By rounding, llama.cpp's log probabilities of the ten most probable tokens change by up to 0.31, 0.45, 0.46, 0.46 and 0.89
	// on the five prompts.
	const noise = 0.31
	for _, c := range cases {
		e, err := tok.Encode(c.Prompt, nil)
		if err != nil {
			t.Fatal(err)
		}
		state, err := m.NewState()
		if err != nil {
			t.Fatal(err)
		}
		ids, parted := e.IDs, false
		for i, want := range c.Float32 {
			logits, err := m.Next(context.Background(), []*model.State{state}, []model.Sequence{{IDs: ids}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			all := logits[0]
			best := slices.Index(all, slices.Max(all))
			if best != want {
				t.Fatalf("%q: token %d is %d, expected %d", c.Prompt, i, best, want)
			}
			if got := logprob(all, want); math.Abs(got-c.Logprobs[i]) > limit {
				t.Errorf("%q: token %d has the log probability %.5f, expected %.5f within %v", c.Prompt, i, got, c.Logprobs[i], limit)
			}
			if theirs := c.Q4_1[i]; theirs != best && !parted {
				parted = true
				gap := logprob(all, best) - logprob(all, theirs)
				t.Logf("%q: token %d of llama.cpp with rounded activations is %d, whose log probability is %.3f less", c.Prompt, i, theirs, gap)
				if gap > noise {
					t.Errorf("more than %v", noise)
				}
			}
			ids = []int{best}
		}
	}
}

// logprob is the logarithm of a token's probability.
func logprob(logits []float32, token int) float64 {
	var sum float64
	top := float64(slices.Max(logits))
	for _, x := range logits {
		sum += math.Exp(float64(x) - top)
	}
	return float64(logits[token]) - top - math.Log(sum)
}
