package model_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
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

// What a token looks at is the row of all weights, for windows, sinks, caps and shared keys alike.
func TestGenerateLook(t *testing.T) {
	for _, name := range append([]string{"stories260K"}, decoders...) {
		t.Run(name, func(t *testing.T) {
			m := openWith(t, name, "config.json")
			prompt := model.Sequence{IDs: []int{1, 40, 7, 30, 12, 61, 7, 30, 9, 50, 33, 21, 18}}
			const tokens, keys = 20, 5
			var looks []*model.Look
			whole := slices.Clone(prompt.IDs)
			for token, err := range m.Generate(context.Background(), []model.Sequence{prompt}, &model.GenerateOptions{MaxTokens: tokens, TopKeys: keys, Ends: []int{}}) {
				if err != nil {
					t.Fatal(err)
				}
				looks, whole = append(looks, token.Look), append(whole, token.ID)
			}
			trace, err := m.Trace(context.Background(), model.Sequence{IDs: whole}, model.Want{Weights: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, look := range looks {
				if want := len(prompt.IDs) + i - 1; look.Query != want {
					t.Fatalf("token %d is of query %d, expected %d", i, look.Query, want)
				}
				checkLook(t, look, trace.Attention, keys)
			}
		})
	}
}

func checkLook(t *testing.T, look *model.Look, a *model.Attention, keys int) {
	t.Helper()
	const limit = 1e-5
	for l := range a.NumLayers {
		for h := range a.NumHeads {
			row := a.Row(l, h, look.Query)
			gotKeys, gotWeights, entropy := look.Head(l, h)
			var want float64
			visible := 0
			for _, w := range row {
				if w > 0 {
					want -= float64(w) * math.Log(float64(w))
					visible++
				}
			}
			if math.Abs(float64(entropy)-want) > limit {
				t.Fatalf("layer %d head %d query %d has entropy %v, expected %v", l, h, look.Query, entropy, want)
			}
			if len(gotKeys) != min(keys, visible) {
				t.Fatalf("layer %d head %d query %d has %d keys, expected %d", l, h, look.Query, len(gotKeys), min(keys, visible))
			}
			sorted := slices.Sorted(slices.Values(row))
			for i, key := range gotKeys {
				w := sorted[len(sorted)-1-i]
				if math.Abs(float64(gotWeights[i]-w)) > limit || math.Abs(float64(gotWeights[i]-row[key])) > limit {
					t.Fatalf("layer %d head %d query %d: key %d, the %dth, has weight %v, expected %v, the key's own is %v",
						l, h, look.Query, key, i, gotWeights[i], w, row[key])
				}
			}
		}
	}
}

// A prompt that is longer than what is run at once, beside a short one, has the look of its last token.
func TestGenerateLookLongPrompt(t *testing.T) {
	dir := copyModel(t, "mistral")
	setConfig(t, filepath.Join(dir, "config.json"), "max_position_embeddings", `2048`)
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	prompts := []model.Sequence{sequenceOf(700), sequenceOf(20), sequenceOf(650)}
	o := &model.GenerateOptions{MaxTokens: 1, TopKeys: 3}
	for token, err := range m.Generate(context.Background(), prompts, o) {
		if err != nil {
			t.Fatal(err)
		}
		prompt := prompts[token.Seq]
		if want := len(prompt.IDs) - 1; token.Look.Query != want {
			t.Fatalf("sequence %d: query %d, expected %d", token.Seq, token.Look.Query, want)
		}
		trace, err := m.Trace(context.Background(), prompt, model.Want{Weights: true})
		if err != nil {
			t.Fatal(err)
		}
		checkLook(t, token.Look, trace.Attention, 3)
	}
}

// setConfig changes a key of a config.json.
func setConfig(t *testing.T, path, key, value string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	values[key] = json.RawMessage(value)
	if data, err = json.Marshal(values); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, data)
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

// Ends are read from generation_config.json, and else from config.json.
func TestEnds(t *testing.T) {
	for i, c := range []struct {
		config, generation string
		want               []int
		err                string
	}{
		{`2`, ``, []int{2}, ""},
		{`[2, 3]`, ``, []int{2, 3}, ""},
		{`null`, ``, nil, ""},
		{`2`, `{"eos_token_id": [5, 6]}`, []int{5, 6}, ""},
		{`2`, `{"eos_token_id": 7, "temperature": 0.3}`, []int{7}, ""},
		{`2`, `{"eos_token_id": null}`, []int{2}, ""},
		{`2`, `{}`, []int{2}, ""},
		{`"x"`, ``, nil, "config.json: eos_token_id is a string, expected an id or a list of ids"},
		{`2`, `{"eos_token_id": 1.5}`, nil, "generation_config.json: eos_token_id is 1.5, expected an id or a list of ids"},
		{`2`, `[`, nil, "generation_config.json: not a JSON object"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := copyModel(t, "llama")
			setConfig(t, filepath.Join(dir, "config.json"), "eos_token_id", c.config)
			if c.generation != "" {
				writeFile(t, filepath.Join(dir, "generation_config.json"), []byte(c.generation))
			}
			m, err := model.Open(dir)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, expected one with %q", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			if got := m.Ends(); !slices.Equal(got, c.want) {
				t.Errorf("the ends are %v, expected %v", got, c.want)
			}
		})
	}
}

// A GGUF file has the ends of a text and of a turn beside its tokenizer.
func TestEndsGGUF(t *testing.T) {
	f := toGGUF(t, "llama").Set("tokenizer.ggml.eos_token_id", uint32(5)).Set("tokenizer.ggml.eot_token_id", uint32(7))
	m, err := model.Open(writeGGUF(t, f))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got := m.Ends(); !slices.Equal(got, []int{5, 7}) {
		t.Errorf("the ends are %v, expected 5 and 7", got)
	}
	if _, err := model.Open(writeGGUF(t, f.Set("tokenizer.ggml.eom_token_id", "x"))); err == nil || !strings.Contains(err.Error(), "tokenizer.ggml.eom_token_id") {
		t.Errorf("error %v, expected one about tokenizer.ggml.eom_token_id", err)
	}
}

// copyModel is a directory with what one in testdata has.
func copyModel(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
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
