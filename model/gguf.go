package model

import (
	"fmt"
	"sync"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/tokenizer"
)

// openGGUF opens a model of Llama's kind in the file that llama.cpp has for it. Its metadata is read as the config.json that
// it was made of; gguf_config.go and gguf_tensors.go say how names correspond.
func openGGUF(path string) (*Model, error) {
	file, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := loadGGUF(file)
	if err != nil {
		file.Close() // the model is bad, which is what the caller has to hear
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m.info.Name = nameOf(path)
	return m, nil
}

func loadGGUF(file *gguf.File) (*Model, error) {
	config, s, err := readGGUF(file)
	if err != nil {
		return nil, err
	}
	a, err := parseArchitecture(config)
	if err != nil {
		return nil, fmt.Errorf("the metadata as a %w", err)
	}
	m, err := a.load(s)
	if err != nil {
		return nil, err
	}
	for _, name := range file.Names() {
		if !s.asked[name] {
			return nil, fmt.Errorf("tensor %s has no place in a model of the family %s", quote.Text(name), a.info.Family)
		}
	}
	if m.ends, err = ggufEnds(file); err != nil {
		return nil, err
	}
	m.tokenizer = sync.OnceValues(func() (*tokenizer.Tokenizer, error) {
		release, err := m.acquire() // what the file says is gone once it is closed
		if err != nil {
			return nil, err
		}
		defer release()
		return ggufTokenizer(file)
	})
	return m, nil
}

// metadata is that of a GGUF file, read key by key. Like config it keeps the first error, and returns something empty then.
type metadata struct {
	file *gguf.File
	read map[string]bool // keys that somebody asked for
	err  error
}

func (g *metadata) fail(format string, args ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format, args...)
	}
}

// get is the value of a key, by one of the methods of gguf.Value; ok is false if there is none.
func get[T any](g *metadata, key string, as func(gguf.Value) (T, error)) (value T, ok bool) {
	g.read[key] = true
	v, ok := g.file.Value(key)
	if !ok {
		return value, false
	}
	value, err := as(v)
	if err != nil {
		g.fail("%s: %w", key, err)
	}
	return value, err == nil
}

// getOr is the value of a key, or absent if there is none.
func getOr[T any](g *metadata, key string, as func(gguf.Value) (T, error), absent T) T {
	if value, ok := get(g, key, as); ok {
		return value
	}
	return absent
}

// ggufTokenizer makes the tokenizer of a file.
func ggufTokenizer(file *gguf.File) (*tokenizer.Tokenizer, error) {
	const at = "tokenizer.ggml."
	g := &metadata{file: file, read: map[string]bool{}}
	flag := func(key string) *bool {
		if on, ok := get(g, at+key, gguf.Value.Bool); ok {
			return &on
		}
		return nil
	}
	id := func(key string) int { return int(getOr(g, at+key, gguf.Value.Int, -1)) }
	t := tokenizer.GGUF{
		Model: getOr(g, at+"model", gguf.Value.Text, ""), Pre: getOr(g, at+"pre", gguf.Value.Text, ""),
		BOS: id("bos_token_id"), EOS: id("eos_token_id"),
		AddBOS: flag("add_bos_token"), AddEOS: flag("add_eos_token"), AddSpacePrefix: flag("add_space_prefix"),
	}
	t.Tokens, _ = get(g, at+"tokens", gguf.Value.Texts)
	t.Merges, _ = get(g, at+"merges", gguf.Value.Texts)
	if types, ok := get(g, at+"token_type", gguf.Value.Ints); ok {
		for _, kind := range types {
			t.Types = append(t.Types, tokenizer.TokenType(kind))
		}
	}
	if scores, ok := get(g, at+"scores", gguf.Value.Floats); ok {
		for _, score := range scores {
			t.Scores = append(t.Scores, float32(score))
		}
	}
	if g.err != nil {
		return nil, g.err
	}
	if t.Model == "" {
		return nil, fmt.Errorf("there is no %smodel, so the model takes ids only", at)
	}
	return tokenizer.FromGGUF(&t)
}
