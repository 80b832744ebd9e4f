package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// openModel opens the model that --model names, or the one that is in the program if it is empty.
func openModel(name string) (*model.Model, error) {
	if name == "" {
		return minilm.Load()
	}
	path, err := library().Find(name)
	if err != nil {
		return nil, err
	}
	return model.Open(path)
}

// library is where models are that have a name.
func library() model.Library {
	home, _ := os.UserHomeDir() // without one there is no cache in it
	return model.EnvLibrary(os.Getenv, home)
}

// modelFlag adds the flag whose value openModel takes.
func modelFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "model", "",
		"`model` to use: a directory, a .gguf file, or a name that rapt model list shows (default: all-MiniLM-L6-v2, built in)")
}

func newModelCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "model",
		Short: "Say which models are here, and what one is",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newModelInfoCommand(), newModelListCommand())
	return cmd
}

func newModelInfoCommand() *cobra.Command {
	var name string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info [MODEL]",
		Short: "Show what a model is made of: layers, heads, widths, limits",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneModel(cmd, args, &name); err != nil {
				return err
			}
			m, err := openModel(name)
			if err != nil {
				return err
			}
			defer m.Close()
			d := describe(m)
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(d)
			}
			return d.print(cmd.OutOrStdout())
		},
	}
	modelFlag(cmd, &name)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// oneModel takes the name of a model from where it is written: after the command, or with --model.
func oneModel(cmd *cobra.Command, args []string, name *string) error {
	if err := refuseEmpty(cmd, "model"); err != nil {
		return err
	}
	switch {
	case len(args) > 1:
		return usagef("%s takes one model, not %d", cmd.CommandPath(), len(args))
	case len(args) == 0:
		return nil
	case *name != "":
		return usagef("the model is %q, but --model is there too", args[0])
	case args[0] == "":
		return usagef("the model's name is empty")
	}
	*name = args[0]
	return nil
}

// A description is what "rapt model info" prints.
type description struct {
	Name      string `json:"name"`
	Family    string `json:"family"`
	Layers    int    `json:"layers"`
	Decoder   int    `json:"decoder_layers,omitempty"`
	Heads     int    `json:"heads"`
	HeadDim   int    `json:"head_dim"`
	ModelDim  int    `json:"model_dim"`
	MLPDim    int    `json:"mlp_dim"`
	VocabSize int    `json:"vocab_size"`
	MaxSeqLen *int   `json:"max_seq_len"` // null: no limit
	Types     int    `json:"types"`
	Causal    bool   `json:"causal"`
	Pooler    bool   `json:"pooler"`
	Logits    bool   `json:"logits"`
	Params    int    `json:"params"`
	ParamType string `json:"param_type"`
	FileSize  int64  `json:"file_size"` // bytes

	// Tokenizer is the number of tokens that the tokenizer knows; null if there is none that can be used, and then
	// TokenizerError says why.
	Tokenizer      *int   `json:"tokenizer_vocab_size"`
	TokenizerError string `json:"tokenizer_error,omitempty"`

	// Embedding is how the model makes one vector of a text; null if that isn't supported, and then EmbeddingError says
	// why.
	Embedding      *embeddingDescription `json:"embedding"`
	EmbeddingError string                `json:"embedding_error,omitempty"`
}

type embeddingDescription struct {
	Pooling   []model.Pooling   `json:"pooling"`
	Normalize bool              `json:"normalize"`
	Dim       int               `json:"dim"`
	MaxSeqLen *int              `json:"max_seq_len"` // null: no limit
	Prompts   map[string]string `json:"prompts,omitempty"`
	Default   string            `json:"default_prompt,omitempty"`
}

func describe(m *model.Model) description {
	i := m.Info()
	d := description{
		Name: i.Name, Family: i.Family,
		Layers: i.NumLayers, Decoder: i.NumDecoderLayers, Heads: i.NumHeads, HeadDim: i.HeadDim, ModelDim: i.ModelDim, MLPDim: i.MLPDim,
		VocabSize: i.VocabSize, MaxSeqLen: limitOf(i.MaxSeqLen), Types: i.NumTypes,
		Causal: i.Causal, Pooler: i.HasPooler, Logits: i.HasHead,
		Params: i.NumParams, ParamType: i.ParamType, FileSize: i.ParamBytes,
	}
	if t, err := m.Tokenizer(); err != nil {
		d.TokenizerError = err.Error()
	} else {
		size := t.VocabSize()
		d.Tokenizer = &size
	}
	if e, err := m.EmbeddingInfo(); err != nil {
		d.EmbeddingError = err.Error()
	} else {
		d.Embedding = &embeddingDescription{e.Pooling, e.Normalize, e.Dim, limitOf(e.MaxSeqLen), e.Prompts, e.DefaultPrompt}
	}
	return d
}

// limitOf is a number of tokens, or nil where nothing limits them.
func limitOf(tokens int) *int {
	if tokens == model.AnyLen {
		return nil
	}
	return &tokens
}

func (d *description) print(w io.Writer) error {
	direction := "every token sees all others"
	if d.Causal {
		direction = "a token sees those before it"
	}
	tokenizer := "none: " + d.TokenizerError
	if d.Tokenizer != nil {
		tokenizer = fmt.Sprintf("%d tokens", *d.Tokenizer)
	}
	layers, limit := fmt.Sprint(d.Layers), "none"
	if d.Decoder > 0 {
		layers = fmt.Sprintf("%d of an encoder, and %d of a decoder", d.Layers, d.Decoder)
	}
	if d.MaxSeqLen != nil {
		limit = fmt.Sprintf("%d tokens", *d.MaxSeqLen)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][2]string{
		{"name", d.Name},
		{"family", d.Family},
		{"layers", layers},
		{"heads", fmt.Sprintf("%d in a layer, each %d wide", d.Heads, d.HeadDim)},
		{"width", fmt.Sprintf("%d, and %d inside the feed-forward layers", d.ModelDim, d.MLPDim)},
		{"attention", direction},
		{"vocabulary", fmt.Sprintf("%d ids", d.VocabSize)},
		{"token types", fmt.Sprint(d.Types)},
		{"limit", limit},
		{"pooler", yesNo(d.Pooler)},
		{"logits", yesNo(d.Logits)},
		{"parameters", fmt.Sprintf("%d, stored as %s in %.1f MB", d.Params, d.ParamType, float64(d.FileSize)/1e6)},
		{"tokenizer", tokenizer},
		{"embedding", d.embedding()},
	} {
		fmt.Fprintf(table, "%s\t%s\n", row[0], row[1])
	}
	return table.Flush()
}

// embedding says in a line how the model embeds.
func (d *description) embedding() string {
	e := d.Embedding
	if e == nil {
		return "none: " + d.EmbeddingError
	}
	var poolings []string
	for _, p := range e.Pooling {
		poolings = append(poolings, string(p))
	}
	line := fmt.Sprintf("%s, %d wide", strings.Join(poolings, " and "), e.Dim)
	if e.MaxSeqLen != nil {
		line += fmt.Sprintf(", of up to %d tokens", *e.MaxSeqLen)
	}
	if e.Normalize {
		line += ", scaled to length 1"
	}
	if len(e.Prompts) > 0 {
		line += "; prompts: " + strings.Join(slices.Sorted(maps.Keys(e.Prompts)), ", ")
	}
	if e.Default != "" {
		line += ", by default " + e.Default
	}
	return plainLine(line)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
