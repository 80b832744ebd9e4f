package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/rapt-go/rapt/tokenizer"
)

func (r *request) loadTokenizer() (benchCase, error) {
	t, err := tokenizer.Open(filepath.Join(r.Folder, "tokenizer.json"))
	if err != nil {
		return nil, err
	}
	texts, err := r.texts()
	if err != nil {
		return nil, err
	}
	ids := make([][]int, len(texts))
	switch r.Want {
	case "tokens":
		return &tokensCase{t, texts, ids}, nil
	case "ids":
		return &idsCase{t, texts, ids}, nil
	}
	return nil, fmt.Errorf("want is %q, expected tokens or ids", r.Want)
}

// A tokensCase is texts in, tokens with their offsets out.
type tokensCase struct {
	tokenizer *tokenizer.Tokenizer
	texts     []string
	ids       [][]int
}

func (c *tokensCase) call() error {
	for i, text := range c.texts {
		e, err := c.tokenizer.Encode(text, nil)
		if err != nil {
			return err
		}
		c.ids[i] = e.IDs
	}
	return nil
}

func (c *tokensCase) output() ([]byte, error) { return json.Marshal(c.ids) }

// An idsCase is texts in, ids out, in the memory of the call before.
type idsCase struct {
	tokenizer *tokenizer.Tokenizer
	texts     []string
	ids       [][]int
}

func (c *idsCase) call() (err error) {
	for i, text := range c.texts {
		if c.ids[i], err = c.tokenizer.AppendIDs(c.ids[i][:0], text, nil); err != nil {
			return err
		}
	}
	return nil
}

func (c *idsCase) output() ([]byte, error) { return json.Marshal(c.ids) }
