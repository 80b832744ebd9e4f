// Package tokenizer cuts text into the tokens of a model, and puts tokens together again, as Hugging Face's tokenizers
// library (0.23) does it, to the last id and offset. It reads that library's file, tokenizer.json:
//
//	t, err := tokenizer.Open("tokenizer.json")
//	e, err := t.Encode("The cat sat on the mat.", nil)   // e.IDs, e.Tokens, e.Offsets, …
//	ids, err := t.AppendIDs(nil, "The cat sat on the mat.", nil)   // e.IDs alone, in a fraction of the time
//	s, err := t.Decode(ids, true)
//
// A text goes through these steps, each a part of the file:
//
//	added tokens     found as they are in the text (or in the normalized text), the rest is cut as follows
//	normalizer       BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, Replace,
//	                 Strip, StripAccents, Sequence
//	pre-tokenizer    text into words: BertPreTokenizer, ByteLevel, CharDelimiterSplit, Digits, Metaspace, Punctuation,
//	                 Split, Whitespace, WhitespaceSplit, Sequence
//	model            words into tokens: WordPiece, BPE, Unigram
//	truncation       only if asked for with Options.MaxLen
//	post-processor   [CLS] and the like: BertProcessing, RobertaProcessing, TemplateProcessing, ByteLevel, Sequence
//
// and back through one: the decoder, BPEDecoder, ByteFallback, ByteLevel, Fuse, Metaspace, Replace, Strip, WordPiece or
// Sequence. [Tokenizer.Stream] decodes tokens as they come.
//
// Every part may be missing but the model. What the file asks for and this package doesn't do is an error that names it,
// never ignored. [FromGGUF] makes a tokenizer of what a GGUF file says about it.
package tokenizer

import (
	"fmt"
	"sync"

	"github.com/rapt-go/rapt/internal/regular"
)

// A Tokenizer cuts text into tokens. Any number of goroutines may use one: but for a cache of words it doesn't change.
type Tokenizer struct {
	added  []addedToken
	byID   map[int]*addedToken
	before *matcher // of added tokens that are searched for in the text
	after  *matcher // and in the normalized text

	special map[string]bool // what decoding leaves out, by token

	normalizer   *normalizer
	preTokenizer preTokenizer
	model        model
	vocab        *vocabulary     // the model's
	single       []templatePiece // the post-processor, for a text
	pair         []templatePiece // and for two
	trims        []offsetTrim    // and what it does to offsets
	decoder      decoder

	truncation *Truncation
	padding    *Padding

	cutters sync.Pool // of *cutter

	ascii *asciiWords // short ways of AppendIDs; nil: there isn't one
	rule  *ruleWords
}

// maxFile is the size in bytes of the largest tokenizer.json that is read. The largest known ones have 40 MB.
const maxFile = 256 << 20

// Open reads a tokenizer.json. Errors begin with path.
func Open(path string) (*Tokenizer, error) {
	data, err := regular.Read(path, maxFile)
	if err != nil {
		return nil, err
	}
	t, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Parse reads a tokenizer.json from memory. Errors begin with "tokenizer.json".
func Parse(data []byte) (*Tokenizer, error) {
	t, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	return t, nil
}

func parse(data []byte) (*Tokenizer, error) {
	root, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	f := root.fields("")
	if f.take("version").kind != nullKind {
		f.choice("version", "1.0")
	}
	truncation, padding := f.take("truncation"), f.take("padding")
	normalizer, preTokenizer, model := f.take("normalizer"), f.take("pre_tokenizer"), f.take("model")
	postProcessor, decoder := f.take("post_processor"), f.take("decoder")
	var added []member
	if f.take("added_tokens").kind != nullKind {
		added = f.list("added_tokens")
	}
	if err := f.end(); err != nil {
		return nil, err
	}

	t := new(Tokenizer)
	if t.model, err = parseModel(model); err != nil {
		return nil, err
	}
	t.vocab = t.model.vocab()
	if t.normalizer, err = parseNormalizer(normalizer, "normalizer"); err != nil {
		return nil, err
	}
	if t.preTokenizer, err = parsePreTokenizer(preTokenizer); err != nil {
		return nil, err
	}
	t.preTokenizer.spellRaw(t.model)
	tokens, err := parseAddedTokens(added, t.vocab, t.normalizer)
	if err != nil {
		return nil, err
	}
	if err := t.setAdded(tokens); err != nil {
		return nil, err
	}
	t.setShortWays()
	if err := t.setPostProcessor(postProcessor); err != nil {
		return nil, err
	}
	if t.decoder, err = parseDecoder(decoder, "decoder"); err != nil {
		return nil, err
	}
	if t.truncation, err = parseTruncation(truncation); err != nil {
		return nil, err
	}
	t.padding, err = parsePadding(padding)
	return t, err
}

func (t *Tokenizer) setAdded(tokens []addedToken) (err error) {
	t.added = tokens
	t.byID = make(map[int]*addedToken, len(t.added))
	t.special = make(map[string]bool)
	for i := range t.added {
		a := &t.added[i]
		t.byID[a.id] = a
		if a.special {
			t.special[a.content] = true
		}
	}
	if t.before, err = newMatcher(t.added, false); err != nil {
		return err
	}
	t.after, err = newMatcher(t.added, true)
	return err
}

// setShortWays finds out what AppendIDs needs to know.
func (t *Tokenizer) setShortWays() {
	t.rule = newRuleWords(&t.preTokenizer)
	if len(t.after.tokens) == 0 {
		t.ascii = newASCIIWords(t.normalizer, &t.preTokenizer)
	}
}

// VocabSize returns the number of tokens, added ones included. Ids may have gaps, so it isn't always one more than the
// last id.
func (t *Tokenizer) VocabSize() int {
	n := len(t.vocab.ids)
	for _, a := range t.added {
		if _, ok := t.vocab.ids[a.content]; !ok {
			n++
		}
	}
	return n
}

// TokenToID returns the id of a token as it is spelled in the vocabulary, such as "##ing".
func (t *Tokenizer) TokenToID(token string) (id int, ok bool) {
	for _, a := range t.added {
		if a.content == token {
			return a.id, true
		}
	}
	v, ok := t.vocab.ids[token]
	return int(v), ok
}

// IDToToken returns the token of an id. An added token that is searched for in the normalized text comes normalized.
func (t *Tokenizer) IDToToken(id int) (token string, ok bool) {
	if a := t.byID[id]; a != nil {
		return a.form, true
	}
	return t.vocab.token(id)
}

// IsSpecial reports whether id is a special token: [CLS], [SEP], [MASK] and the like.
func (t *Tokenizer) IsSpecial(id int) bool {
	a := t.byID[id]
	return a != nil && a.special
}
