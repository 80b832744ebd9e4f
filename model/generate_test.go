package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/model"
)

// stories is the model of testdata/stories260K, which has a tokenizer and writes English.
func stories(t testing.TB) *model.Model {
	t.Helper()
	m, err := model.Open(storiesDir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// A continued sequence is all that Generate gives of one.
type continued struct {
	IDs      []int
	Text     string
	LogProbs []float32
	End      model.End
}

// generate collects what Generate gives.
func generate(t testing.TB, m *model.Model, prompts []model.Sequence, o *model.GenerateOptions) []continued {
	t.Helper()
	all := make([]continued, len(prompts))
	for token, err := range m.Generate(context.Background(), prompts, o) {
		if err != nil {
			t.Fatal(err)
		}
		w := &all[token.Seq]
		if w.End != model.Unfinished {
			t.Fatalf("sequence %d has a token after its end", token.Seq)
		}
		w.IDs, w.LogProbs = append(w.IDs, token.ID), append(w.LogProbs, token.LogProb)
		w.Text, w.End = w.Text+token.Text, token.End
	}
	for i, w := range all {
		if w.End == model.Unfinished {
			t.Fatalf("sequence %d has no end", i)
		}
	}
	return all
}

// storyPrompt is "Once upon a time" in the ids of stories260K.
var storyPrompt = model.Sequence{IDs: []int{1, 403, 407, 261, 378}}

// Greedy tokens are those that transformers generates of two sequences that differ in length, side by side and alone.
func TestGenerateGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/generated.json")
	if err != nil {
		t.Fatal(err)
	}
	var goldens map[string]struct{ Prompts, Generated [][]int }
	if err := json.Unmarshal(data, &goldens); err != nil {
		t.Fatal(err)
	}
	for _, name := range decoders {
		t.Run(name, func(t *testing.T) {
			m, golden := openWith(t, name, "config.json"), goldens[name]
			var prompts []model.Sequence
			for _, ids := range golden.Prompts {
				prompts = append(prompts, model.Sequence{IDs: ids})
			}
			o := &model.GenerateOptions{MaxTokens: 12}
			together := generate(t, m, prompts, o)
			for i, want := range golden.Generated {
				for where, got := range map[string]continued{"together": together[i], "alone": generate(t, m, prompts[i:i+1], o)[0]} {
					if !slices.Equal(got.IDs, want) || got.End != model.EndLength {
						t.Errorf("sequence %d %s: %v, ended by %q; expected %v, %q", i, where, got.IDs, got.End, want, model.EndLength)
					}
				}
			}
		})
	}
}

// The story that llama2.c and transformers tell.
func TestGenerateStory(t *testing.T) {
	data, err := os.ReadFile("testdata/stories260K/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Prompt       string
		PromptIDs    []int `json:"prompt_ids"`
		GeneratedIDs []int `json:"generated_ids"`
		Text         string
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	m := stories(t)
	prompt, err := m.Sequence(golden.Prompt, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(prompt.IDs, golden.PromptIDs) {
		t.Fatalf("the prompt is %v, expected %v", prompt.IDs, golden.PromptIDs)
	}
	got := generate(t, m, []model.Sequence{prompt}, &model.GenerateOptions{MaxTokens: len(golden.GeneratedIDs)})[0]
	if diff := cmp.Diff(golden.GeneratedIDs, got.IDs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(golden.Text, golden.Prompt+got.Text); diff != "" {
		t.Error(diff)
	}
	// Each is the likeliest after those before it, and has the probability that the logits of the whole give it.
	whole := model.Sequence{IDs: slices.Concat(prompt.IDs, got.IDs)}
	trace, err := m.Trace(context.Background(), whole, model.Want{Logits: true})
	if err != nil {
		t.Fatal(err)
	}
	vocab := m.Info().VocabSize
	for i, id := range got.IDs {
		logits := trace.Logits[(len(prompt.IDs)+i-1)*vocab:][:vocab]
		var sum float64
		for _, x := range logits {
			sum += math.Exp(float64(x))
		}
		if want := float64(logits[id]) - math.Log(sum); math.Abs(float64(got.LogProbs[i])-want) > 1e-4 {
			t.Errorf("token %d has log-probability %v, expected %v", i, got.LogProbs[i], want)
		}
	}
}

func TestGenerateEnds(t *testing.T) {
	m := stories(t)
	if ends := m.Ends(); !slices.Equal(ends, []int{2}) {
		t.Errorf("the ends are %v, expected 2", ends)
	}
	story := generate(t, m, []model.Sequence{storyPrompt}, &model.GenerateOptions{MaxTokens: 30})[0]
	for _, c := range []struct {
		name    string
		options model.GenerateOptions
		ids     int
		text    string
		end     model.End
	}{
		{"number", model.GenerateOptions{MaxTokens: 3}, 3, ", there was", model.EndLength},
		{"one", model.GenerateOptions{MaxTokens: 1}, 1, ",", model.EndLength},
		{"an end", model.GenerateOptions{MaxTokens: 30, Ends: []int{7, 376}}, 5, ", there was a little", model.EndToken},
		{"a stop string", model.GenerateOptions{MaxTokens: 30, Stop: []string{"xyz", "ttle girl"}}, 8, ", there was a li", model.StopString},
		{"a stop string within a token", model.GenerateOptions{MaxTokens: 30, Stop: []string{"er"}}, 2, ", th", model.StopString},
		{"the beginning of one at the end", model.GenerateOptions{MaxTokens: 3, Stop: []string{"as big"}}, 3, ", there was", model.EndLength},
		{"an end that is a stop string", model.GenerateOptions{Stop: []string{"was"}, Ends: []int{286}}, 3, ", there ", model.EndToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := generate(t, m, []model.Sequence{storyPrompt}, &c.options)[0]
			if got.Text != c.text || got.End != c.end || !slices.Equal(got.IDs, story.IDs[:c.ids]) {
				t.Errorf("%q, %v, ended by %q; expected %q, %v, %q", got.Text, got.IDs, got.End, c.text, story.IDs[:c.ids], c.end)
			}
		})
	}
}

// Without a number of tokens a sequence ends where the model's context does.
func TestGenerateContext(t *testing.T) {
	m := stories(t)
	limit := m.Info().MaxSeqLen
	long := generate(t, m, []model.Sequence{storyPrompt}, &model.GenerateOptions{Ends: []int{}})[0]
	if n := len(storyPrompt.IDs) + len(long.IDs); n != limit || long.End != model.EndContext {
		t.Fatalf("%d tokens, ended by %q; expected %d and %q", n, long.End, limit, model.EndContext)
	}
	whole := slices.Concat(storyPrompt.IDs, long.IDs)
	last := generate(t, m, []model.Sequence{{IDs: whole[:limit-1]}}, nil)[0]
	if !slices.Equal(last.IDs, whole[limit-1:]) {
		t.Errorf("after %d tokens comes %v, expected %v", limit-1, last.IDs, whole[limit-1:])
	}
}

// A sequence has the same tokens alone and in a batch whose members end at other times; with draws too, if it has the same
// stream. Another seed or stream gives others.
func TestGenerateBatch(t *testing.T) {
	m := stories(t)
	var prompts []model.Sequence
	for _, text := range []string{"Once upon a time", "Lily and Ben went to the park.", "The dog", "Tom was"} {
		prompt, err := m.Sequence(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		prompts = append(prompts, prompt)
	}
	for _, sampling := range []model.Sampling{{}, {Temperature: 1, TopP: 0.95, RepetitionPenalty: 1.1, Seed: 5}} {
		o := model.GenerateOptions{MaxTokens: 60, Sampling: sampling, Stop: []string{".", "dog"}, Stream: 7}
		batch := generate(t, m, prompts, &o)
		for i, want := range batch {
			o.Stream = 7 + uint64(i)
			alone := generate(t, m, prompts[i:i+1], &o)[0]
			if diff := cmp.Diff(want, alone); diff != "" {
				t.Errorf("%+v, sequence %d beside others and alone: %s", sampling, i, diff)
			}
		}
	}
	o := model.GenerateOptions{MaxTokens: 40, Sampling: model.Sampling{Temperature: 1, Seed: 5}}
	same := generate(t, m, []model.Sequence{storyPrompt, storyPrompt}, &o)
	if slices.Equal(same[0].IDs, same[1].IDs) {
		t.Error("two sequences of a batch have the same draws")
	}
	o.Sampling.Seed = 6
	if other := generate(t, m, []model.Sequence{storyPrompt}, &o); slices.Equal(same[0].IDs, other[0].IDs) {
		t.Error("another seed gives the same tokens")
	}
}

// The loop may end early, and a context that is over ends it with its error.
func TestGenerateStopped(t *testing.T) {
	m := stories(t)
	prompts := []model.Sequence{storyPrompt, storyPrompt}
	n := 0
	for _, err := range m.Generate(context.Background(), prompts, nil) {
		if n++; err != nil || n == 3 {
			break
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n = 0
	var last error
	for _, err := range m.Generate(ctx, prompts, nil) {
		if n++; n == 4 {
			cancel()
		}
		last = err
	}
	if !errors.Is(last, context.Canceled) || n != 5 {
		t.Errorf("%d steps, the last with error %v; expected 5 and %v", n, last, context.Canceled)
	}
}

// The model may be closed, and used, while tokens are read.
func TestGenerateClosed(t *testing.T) {
	m := openWith(t, "llama", "config.json")
	var last error
	for _, err := range m.Generate(context.Background(), []model.Sequence{{IDs: []int{5, 6, 7}}}, nil) {
		last = err
		m.Close()
	}
	if !errors.Is(last, model.ErrClosed) {
		t.Errorf("error %v, expected %v", last, model.ErrClosed)
	}
}

func TestGenerateErrors(t *testing.T) {
	m, encoder := stories(t), openWith(t, "bert", "config.json")
	bare := openWith(t, "llama", "config.json")
	long := model.Sequence{IDs: make([]int, m.Info().MaxSeqLen)}
	for _, c := range []struct {
		name    string
		model   *model.Model
		prompts []model.Sequence
		options model.GenerateOptions
		want    string
	}{
		{"encoder", encoder, nil, model.GenerateOptions{}, "is an encoder (bert), which can't go on with a text"},
		{"empty prompt", m, []model.Sequence{{}}, model.GenerateOptions{}, "the sequence is empty"},
		{"unknown id", m, []model.Sequence{storyPrompt, {IDs: []int{512}}}, model.GenerateOptions{}, "sequence 1: id 512 at position 0 is outside the vocabulary of 512"},
		{"full context", m, []model.Sequence{long}, model.GenerateOptions{}, "the prompt has 512 tokens, and the model takes at most 512: there is no room for another"},
		{"full context of one", m, []model.Sequence{storyPrompt, long}, model.GenerateOptions{}, "sequence 1: the prompt has 512 tokens"},
		{"negative number", m, []model.Sequence{storyPrompt}, model.GenerateOptions{MaxTokens: -1}, "the number of new tokens is -1, expected"},
		{"too many keys", m, []model.Sequence{storyPrompt}, model.GenerateOptions{TopKeys: 65}, "the number of keys is 65, expected 0 to 64"},
		{"sampling", m, []model.Sequence{storyPrompt}, model.GenerateOptions{Sampling: model.Sampling{TopK: 3}}, "top-k is 3, but temperature 0"},
		{"empty stop string", m, []model.Sequence{storyPrompt}, model.GenerateOptions{Stop: []string{"a", ""}}, "a stop string is empty"},
		{"stop string that isn't text", m, []model.Sequence{storyPrompt}, model.GenerateOptions{Stop: []string{"\xff"}}, `stop string "\xff" isn't UTF-8`},
		{"stop string without a tokenizer", bare, []model.Sequence{{IDs: []int{5}}}, model.GenerateOptions{Stop: []string{"a"}}, "a stop string needs a tokenizer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			for token, err := range c.model.Generate(context.Background(), c.prompts, &c.options) {
				if n++; err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%+v, error %v; expected an error with %q", token, err, c.want)
				}
			}
			if n != 1 {
				t.Errorf("%d steps, expected only an error", n)
			}
		})
	}
	for token, err := range m.Generate(context.Background(), nil, nil) {
		t.Errorf("no prompts give %+v, %v", token, err)
	}
}

// BenchmarkGenerate writes stories: a token is one of them.
func BenchmarkGenerate(b *testing.B) {
	m := stories(b)
	for _, c := range []struct {
		name    string
		batch   int
		topKeys int
	}{{"batch=1", 1, 0}, {"batch=1/keys=8", 1, 8}, {"batch=8", 8, 0}} {
		b.Run(c.name, func(b *testing.B) {
			prompts := slices.Repeat([]model.Sequence{storyPrompt}, c.batch)
			b.ReportAllocs()
			done := 0
			for done < b.N {
				o := &model.GenerateOptions{MaxTokens: 256, Ends: []int{}, TopKeys: c.topKeys}
				for _, err := range m.Generate(context.Background(), prompts, o) {
					if err != nil {
						b.Fatal(err)
					}
					if done++; done >= b.N {
						break
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
