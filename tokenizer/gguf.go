package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A GGUF is what a GGUF file says about its tokenizer, in the metadata tokenizer.ggml.*: a vocabulary, and the names of the
// rest.
type GGUF struct {
	// Model is "gpt2", byte-level BPE, or "llama", the BPE of sentencepiece.
	Model string

	// Pre says how a "gpt2" cuts a text into words, and what goes with it: "gpt-2", "smollm", "llama-bpe", "qwen2", or
	// "default", which is what llama.cpp does for files that don't know their own.
	Pre string

	Tokens []string    // by id
	Types  []TokenType // by id; nil: all normal
	Scores []float32   // by id, of a "llama": of two tokens that could be made, the one with the higher score is
	Merges []string    // of a "gpt2": "left right", the first ones first

	BOS, EOS int // ids that begin and end a text; −1: none

	// Whether they do, and whether a "llama" puts a space before a text. nil is what llama.cpp does for a file that doesn't
	// say: "llama" and "llama-bpe" begin a text, nothing ends one, and there is a space.
	AddBOS, AddEOS, AddSpacePrefix *bool
}

// A TokenType says what a token of a GGUF file is, by sentencepiece's numbers.
type TokenType int

// The types of tokens.
const (
	NormalToken      TokenType = 1
	UnknownToken     TokenType = 2 // stands for what has no token
	ControlToken     TokenType = 3 // special: <s> and the like
	UserDefinedToken TokenType = 4 // found in a text before it is cut, as special ones are
	UnusedToken      TokenType = 5
	ByteToken        TokenType = 6 // <0xHH>
)

// maxPiece bounds the length of a token that a "llama" joins, in bytes: all ways to cut it in two are looked at.
const maxPiece = 256

// FromGGUF makes the tokenizer that g describes. It cuts texts as the tokenizer.json of the same model makes Encode cut them;
// where that can't be known from a GGUF file, as llama.cpp does. Errors begin with "tokenizer.ggml".
func FromGGUF(g *GGUF) (*Tokenizer, error) {
	t, err := fromGGUF(g)
	if err != nil {
		return nil, fmt.Errorf("tokenizer.ggml.%w", err)
	}
	return t, nil
}

func fromGGUF(g *GGUF) (*Tokenizer, error) {
	m := &bpe{unk: none, cache: newWordCache()}
	var err error
	if m.vocabulary, err = g.vocabulary(); err != nil {
		return nil, err
	}
	m.setCharacters()
	t := &Tokenizer{model: m, vocab: &m.vocabulary}
	switch g.Model {
	case "gpt2":
		err = g.setByteLevel(t, m)
	case "llama":
		err = g.setSentencePiece(t, m)
	default:
		err = fmt.Errorf("model is %q, which isn't supported; these are: gpt2, llama", g.Model)
	}
	if err != nil {
		return nil, err
	}
	if err := t.setAdded(g.added()); err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	t.setShortWays()
	return t, g.setTemplates(t)
}

func (g *GGUF) vocabulary() (vocabulary, error) {
	v := vocabulary{ids: make(map[string]int32, len(g.Tokens)), tokens: slices.Clone(g.Tokens), size: len(g.Tokens)}
	switch n := len(g.Tokens); {
	case n == 0:
		return v, errors.New("tokens is empty")
	case g.Types != nil && len(g.Types) != n:
		return v, fmt.Errorf("token_type has %d elements, expected %d as tokens has", len(g.Types), n)
	}
	for id, token := range g.Tokens {
		if !utf8.ValidString(token) {
			return v, fmt.Errorf("tokens[%d] is %q, which isn't UTF-8", id, token)
		}
		if other, taken := v.ids[token]; taken {
			return v, fmt.Errorf("tokens[%d] is %q, as tokens[%d] is", id, token, other)
		}
		v.ids[token] = int32(id)
	}
	for id, kind := range g.Types {
		if kind < NormalToken || kind > ByteToken {
			return v, fmt.Errorf("token_type[%d] is %d, expected a number from %d to %d", id, kind, NormalToken, ByteToken)
		}
	}
	return v, nil
}

func (g *GGUF) typeOf(id int) TokenType {
	if g.Types == nil {
		return NormalToken
	}
	return g.Types[id]
}

// added are the tokens that are found in the text itself. Unlike a tokenizer.json, a GGUF file doesn't say whether they take
// the blanks beside them.
func (g *GGUF) added() []addedToken {
	var list []addedToken
	for id, token := range g.Tokens {
		switch kind := g.typeOf(id); kind {
		case UnknownToken, ControlToken, UserDefinedToken:
			if token != "" { // which is nowhere in a text
				list = append(list, addedToken{id: id, content: token, form: token, special: kind != UserDefinedToken})
			}
		}
	}
	return list
}

// setTemplates puts the tokens that begin and end a text around it, or around each of two, the first token of the second
// being of its type as in Llama's tokenizer.json.
func (g *GGUF) setTemplates(t *Tokenizer) error {
	around := func(text, typeID int) ([]templatePiece, error) {
		var pieces []templatePiece
		add := func(flag *bool, absent bool, key string, id int) error {
			if flag == nil && !absent || flag != nil && !*flag {
				return nil
			}
			if id < 0 || id >= len(g.Tokens) {
				return fmt.Errorf("%s is %d, expected the id of one of %d tokens", key, id, len(g.Tokens))
			}
			pieces = append(pieces, templatePiece{text: -1, typeID: typeID, ids: []int{id}, tokens: []string{g.Tokens[id]}})
			return nil
		}
		if err := add(g.AddBOS, g.Model == "llama" || g.Pre == "llama-bpe", "bos_token_id", g.BOS); err != nil {
			return nil, err
		}
		pieces = append(pieces, templatePiece{text: text, typeID: typeID})
		return pieces, add(g.AddEOS, false, "eos_token_id", g.EOS)
	}
	first, err := around(0, 0)
	if err != nil {
		return err
	}
	second, err := around(1, 1)
	t.single, t.pair = first, slices.Concat(first, second)
	return err
}

// setByteLevel makes a "gpt2".
func (g *GGUF) setByteLevel(t *Tokenizer, m *bpe) (err error) {
	var normal []step
	if g.Pre == "qwen2" {
		normal = []step{{kind: compose}}
	}
	if t.normalizer, err = newNormalizer(normal); err != nil {
		return err
	}
	m.ignoreMerges = g.Pre == "llama-bpe"
	if t.preTokenizer.steps, err = byteLevelSteps(g.Pre); err != nil {
		return err
	}
	t.preTokenizer.spellRaw(m)
	t.decoder = decoder{{kind: joinBytes}}
	m.merges = newTable()
	for rank, merge := range g.Merges {
		left, right, ok := strings.Cut(merge, " ")
		a, okLeft := m.ids[left]
		b, okRight := m.ids[right]
		joined, okJoined := m.ids[left+right]
		switch {
		case !ok:
			return fmt.Errorf("merges[%d] is %q, expected two tokens with a space between", rank, merge)
		case !okLeft || !okRight || !okJoined:
			return fmt.Errorf("merges[%d] joins %q and %q, but not all are in tokens", rank, left, right)
		}
		m.merges.put(a, b, int32(rank), joined)
	}
	return nil
}

// byteLevelSteps are the ways to cut a text into words, each as the tokenizer.json of its models has it.
func byteLevelSteps(pre string) ([]cutStep, error) {
	var patterns []string
	byteLevel := cutStep{kind: byteLevelText, behavior: isolated, prepend: prependNever}
	switch pre {
	case "gpt-2", "smollm":
		p, err := compile(gpt2Pattern)
		if err != nil {
			return nil, err
		}
		if byteLevel.pattern = p; pre == "smollm" {
			return []cutStep{{kind: digits}, byteLevel}, nil
		}
		return []cutStep{byteLevel}, nil
	case "llama-bpe":
		patterns = []string{llama3Pattern}
	case "qwen2":
		patterns = []string{qwen2Pattern}
	case "default":
		patterns = []string{`[\p{P}\$\+<=>\^~\|]+`, `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)`, `\p{N}+`, `[0-9][0-9][0-9]`}
	case "":
		return nil, errors.New("pre is missing, so it is unknown how the model's texts were cut into words")
	default:
		return nil, fmt.Errorf("pre is %q, which isn't supported; these are: default, gpt-2, llama-bpe, qwen2, smollm", pre)
	}
	var steps []cutStep
	for _, source := range patterns {
		p, err := compile(source)
		if err != nil {
			return nil, err
		}
		steps = append(steps, cutStep{kind: splitPattern, pattern: p, behavior: isolated})
	}
	return append(steps, byteLevel), nil
}

// setSentencePiece makes a "llama", with the steps of Llama 2's tokenizer.json.
func (g *GGUF) setSentencePiece(t *Tokenizer, m *bpe) (err error) {
	mark, space := string(wordMark), pattern{literal: " "}
	normal := []step{{kind: replace, pattern: &space, content: mark}}
	t.decoder = decoder{{kind: replaceAll, pattern: &pattern{literal: mark}, content: " "}, {kind: joinBytePieces}, {kind: joinAll}}
	if g.AddSpacePrefix == nil || *g.AddSpacePrefix {
		normal = slices.Insert(normal, 0, step{kind: prepend, content: mark})
		t.decoder = append(t.decoder, decodeStep{kind: stripEnds, char: ' ', start: 1})
	}
	if t.normalizer, err = newNormalizer(normal); err != nil {
		return err
	}
	if id := slices.Index(g.Types, UnknownToken); id >= 0 {
		m.unk, m.unkToken, m.fuseUnk = int32(id), g.Tokens[id], true
	}
	m.byteFallback = true
	return g.setScoredMerges(m)
}

// setScoredMerges makes merges of scores: any two tokens that are a third one side by side are joined to it, that with the
// highest score first.
func (g *GGUF) setScoredMerges(m *bpe) error {
	if len(g.Scores) != len(g.Tokens) {
		return fmt.Errorf("scores has %d elements, expected %d as tokens has", len(g.Scores), len(g.Tokens))
	}
	var order []int32 // of the tokens that can be made, by score
	for id, score := range g.Scores {
		if score != score {
			return fmt.Errorf("scores[%d] is NaN", id)
		}
		if !g.joins(id) {
			continue
		}
		if n := len(g.Tokens[id]); n > maxPiece {
			return fmt.Errorf("tokens[%d] has %d bytes, expected at most %d", id, n, maxPiece)
		}
		order = append(order, int32(id))
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(g.Scores[b], g.Scores[a]) })
	m.merges = newTable()
	joins := make(map[rune]bool)
	rank := int32(0)
	for i, id := range order {
		if i > 0 && g.Scores[id] != g.Scores[order[i-1]] {
			rank++ // of tokens with the same score, the one that is farther left is made first
		}
		token := g.Tokens[id]
		for at := range token {
			left, ok := m.ids[token[:at]]
			if !ok || !g.joins(int(left)) {
				continue
			}
			if right, ok := m.ids[token[at:]]; ok && g.joins(int(right)) {
				m.merges.put(left, right, rank, id)
				addJoins(joins, token)
			}
		}
	}
	m.setApart(joins)
	return nil
}

// joins reports whether a token takes part in merges.
func (g *GGUF) joins(id int) bool {
	kind := g.typeOf(id)
	return kind == NormalToken || kind == UserDefinedToken || kind == UnusedToken
}
