package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// A modelRequest is a case of a model, or of a tokenizer.
type modelRequest struct {
	Model string `json:"model"` // its directory; "" for a tokenizer
	Want  string `json:"want"`

	// Want is "hidden": the last hidden states of ids.i32 [batch][seq]; "maps": the weights of all heads, too, of one sequence;
	// "embeddings": of texts.json.
	// Of a tokenizer, the tokenizer.json beside texts.json: "tokens", all about them; "ids" alone.
}

func (r *request) loadModel() (benchCase, error) {
	m, err := model.Open(r.Model)
	if err != nil {
		return nil, err
	}
	switch r.Want {
	case "hidden":
		batch, err := r.sequences()
		return &hiddenCase{model: m, batch: batch}, err
	case "maps":
		batch, err := r.sequences()
		if err == nil && len(batch) != 1 {
			err = fmt.Errorf("there are %d sequences, expected 1 for maps", len(batch))
		}
		return &mapsCase{model: m, batch: batch}, err
	case "embeddings":
		texts, err := r.texts()
		return &embeddingsCase{model: m, texts: texts}, err
	}
	return nil, fmt.Errorf("want is %q, expected hidden, maps or embeddings", r.Want)
}

func (r *request) texts() (texts []string, err error) {
	data, err := os.ReadFile(filepath.Join(r.Folder, "texts.json"))
	if err != nil {
		return nil, err
	}
	return texts, json.Unmarshal(data, &texts)
}

func (r *request) sequences() ([]model.Sequence, error) {
	data, err := os.ReadFile(filepath.Join(r.Folder, "ids.i32"))
	if err != nil {
		return nil, err
	}
	if r.Batch < 1 || len(data) == 0 || len(data)%(4*r.Batch) != 0 {
		return nil, fmt.Errorf("ids.i32 has %d bytes for %d sequences", len(data), r.Batch)
	}
	batch := make([]model.Sequence, r.Batch)
	for i := 0; i < len(data); i += 4 {
		s := &batch[i*r.Batch/len(data)]
		s.IDs = append(s.IDs, int(int32(binary.LittleEndian.Uint32(data[i:]))))
	}
	return batch, nil
}

// A hiddenCase is ids in, last hidden states out.
type hiddenCase struct {
	model *model.Model
	batch []model.Sequence
	out   *model.Output
}

func (c *hiddenCase) call() (err error) {
	c.out, err = c.model.Forward(context.Background(), c.batch, nil)
	return err
}

func (c *hiddenCase) output() ([]byte, error) { return bytesOf(slices.Concat(c.out.Hidden...)), nil }

// A mapsCase is ids in, last hidden states and all weights out.
type mapsCase struct {
	model *model.Model
	batch []model.Sequence
	trace *model.Trace
}

func (c *mapsCase) call() (err error) {
	c.trace, err = c.model.Trace(context.Background(), c.batch[0], model.Want{Weights: true, Reuse: c.trace})
	return err
}

// output runs once more, since a trace that keeps the hidden states of all layers is not what is measured.
func (c *mapsCase) output() ([]byte, error) {
	out, err := c.model.Forward(context.Background(), c.batch, nil)
	if err != nil {
		return nil, err
	}
	return append(bytesOf(out.Hidden[0]), bytesOf(c.trace.Attention.Weights)...), nil
}

// An embeddingsCase is texts in, vectors out.
type embeddingsCase struct {
	model *model.Model
	texts []string
	out   [][]float32
}

func (c *embeddingsCase) call() (err error) {
	c.out, err = c.model.EmbedTexts(context.Background(), c.texts, nil)
	return err
}

func (c *embeddingsCase) output() ([]byte, error) { return bytesOf(slices.Concat(c.out...)), nil }
