package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/rapt-go/rapt/internal/gguf"
	"github.com/rapt-go/rapt/internal/regular"
)

// generationFile says how transformers' generate uses a model. Of what it says only the ends are read: sampling is as the
// caller asks for.
const generationFile = "generation_config.json"

// Ends are the ids of the tokens with which the model ends a text: eos_token_id of generation_config.json or, where that
// has none, of config.json; in a GGUF file those of the tokenizer. There may be none.
func (m *Model) Ends() []int { return slices.Clone(m.ends) }

// endTokens is eos_token_id, an id or a list of ids; nil if there is none.
func (c *config) endTokens() []int {
	const key = "eos_token_id"
	raw, ok := c.values[key]
	if !ok || string(raw) == "null" {
		return nil
	}
	var one int
	if json.Unmarshal(raw, &one) == nil {
		return []int{one}
	}
	var list []int
	c.read(key, &list, "an id or a list of ids")
	return list
}

// readEnds reads the ends of a model from the contents of its two files. There may be no generation_config.json.
func readEnds(generation, config []byte) ([]int, error) {
	for _, file := range []struct {
		name string
		data []byte
	}{{generationFile, generation}, {configFile, config}} {
		if file.data == nil {
			continue
		}
		c, err := parseConfig(file.data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.name, err)
		}
		ends := c.endTokens()
		if c.err != nil {
			return nil, fmt.Errorf("%s: %w", file.name, c.err)
		}
		if ends != nil {
			return ends, nil
		}
	}
	return nil, nil
}

// readEndsIn does so with the files of a directory, whose config.json has been read.
func readEndsIn(dir string, config []byte) ([]int, error) {
	generation, err := regular.Read(filepath.Join(dir, generationFile), maxConfig)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ends, err := readEnds(generation, config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return ends, nil
}

// ggufEnds reads the ends of a model in a GGUF file: those of a text, of a turn and of a message.
func ggufEnds(file *gguf.File) ([]int, error) {
	g := &metadata{file: file, read: map[string]bool{}}
	var ends []int
	for _, key := range []string{"eos", "eot", "eom"} {
		if id, ok := get(g, "tokenizer.ggml."+key+"_token_id", gguf.Value.Int); ok {
			ends = append(ends, int(id))
		}
	}
	return ends, g.err
}
