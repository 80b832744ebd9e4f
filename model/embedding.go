package model

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/internal/team"
)

// An EmbeddingInfo says how a model makes one vector of a text, as sentence-transformers does.
type EmbeddingInfo struct {
	Pooling   []Pooling // of the last hidden states; several stand side by side
	Normalize bool      // the vector has length 1
	Dim       int       // width of the vector

	MaxSeqLen int // tokens of a text that are looked at, with the special ones and the prompt

	Prompts       map[string]string // what goes before a text, by what the text is for
	DefaultPrompt string            // the name of the prompt that is there if none is asked for; "" is no prompt

	promptPooled bool // the tokens of a prompt are pooled too
}

// A Pooling makes one vector of the hidden states x_1, …, x_n of a sequence's tokens, special ones included.
type Pooling string

// These are called as sentence-transformers calls them.
const (
	PoolCLS          Pooling = "cls"                  // x_1
	PoolMax          Pooling = "max"                  // the largest in each column
	PoolMean         Pooling = "mean"                 // Σ x_i / n
	PoolMeanSqrtLen  Pooling = "mean_sqrt_len_tokens" // Σ x_i / √n
	PoolWeightedMean Pooling = "weightedmean"         // Σ i·x_i / Σ i
	PoolLastToken    Pooling = "lasttoken"            // x_n
)

// defaultEmbedding is that of a model which doesn't say.
func defaultEmbedding(info *Info) EmbeddingInfo {
	return EmbeddingInfo{
		Pooling: []Pooling{PoolMean}, Normalize: true, Dim: info.ModelDim, MaxSeqLen: info.MaxSeqLen, promptPooled: true,
	}
}

// EmbeddingInfo is how the model makes a vector of a text: as its modules.json says, with the files that belong to it, or where
// it has none, the mean scaled to length 1. What they ask for and isn't done here is an error.
func (m *Model) EmbeddingInfo() (EmbeddingInfo, error) {
	if m.embedding == nil {
		return defaultEmbedding(&m.info), nil
	}
	return m.embedding()
}

// prompt is the text of the prompt of that name, or the default one if there is no name.
func (e *EmbeddingInfo) prompt(name string) (string, error) {
	if name == "" {
		name = e.DefaultPrompt
	}
	if name == "" {
		return "", nil
	}
	text, ok := e.Prompts[name]
	switch {
	case !ok && len(e.Prompts) == 0:
		return "", fmt.Errorf("there is no prompt %s: the model has none", quote.Text(name))
	case !ok:
		return "", fmt.Errorf("there is no prompt %s; the model's are %s", quote.Text(name), e.promptNames())
	case text != "" && !e.promptPooled:
		return "", fmt.Errorf("the model pools without the tokens of its prompts, which isn't supported; its prompt %s isn't empty", quote.Text(name))
	}
	return text, nil
}

// MeanPool is the mean of last hidden states, scaled to length 1: what Embed gives, unless the model's files ask for something
// else.
func (m *Model) MeanPool(hidden []float32) []float32 { // [seq][dim] → [dim]
	e := defaultEmbedding(&m.info)
	dst := make([]float32, e.Dim)
	e.vector(dst, hidden, m.info.ModelDim)
	return dst
}

// Embed gives an embedding of each sequence, as EmbeddingInfo says. The sequences are taken as they are: EmbedSequence makes
// them of texts as the model expects.
//
// A batch may be as long as its results fit into memory: sequences of about the same length are computed together, a few
// hundred tokens at a time on each thread. An embedding doesn't depend on the others, to the bit.
func (m *Model) Embed(ctx context.Context, batch []Sequence) ([][]float32, error) { // [batch][EmbeddingInfo.Dim]
	release, err := m.acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	e, err := m.EmbeddingInfo()
	if err != nil {
		return nil, err
	}
	if err := check(&m.info, batch, nil); err != nil {
		return nil, err
	}
	embeddings := make([][]float32, len(batch))
	if len(batch) == 0 {
		return embeddings, nil
	}
	all := make([]float32, len(batch)*e.Dim)
	for s := range embeddings {
		embeddings[s] = all[s*e.Dim : (s+1)*e.Dim : (s+1)*e.Dim]
	}
	err = m.run(ctx, batch, nil, func(s int, hidden lastHidden, _ *team.Team) {
		e.vector(embeddings[s], hidden.rows, m.info.ModelDim)
	})
	if err != nil {
		return nil, err
	}
	return embeddings, nil
}

// vector makes the embedding of hidden states [seq][dim].
func (e *EmbeddingInfo) vector(dst, hidden []float32, dim int) { // dst [Dim]
	v := make([]float64, e.Dim)
	for i, p := range e.Pooling {
		p.pool(v[i*dim:(i+1)*dim], hidden)
	}
	length := 1.0
	if e.Normalize {
		// Shorter vectors stay shorter than 1, and that of zeros what it is, as in PyTorch.
		length = max(norm2(v), 1e-12)
	}
	for i, x := range v {
		dst[i] = float32(x / length)
	}
}

// pool makes one vector of zeros and the rows of hidden.
func (p Pooling) pool(dst []float64, hidden []float32) {
	dim := len(dst)
	n := len(hidden) / dim
	var divisor float64
	weight := func(int) float64 { return 1 }
	switch p {
	case PoolCLS:
		hidden, divisor = hidden[:dim], 1
	case PoolLastToken:
		hidden, divisor = hidden[(n-1)*dim:], 1
	case PoolMean:
		divisor = float64(n)
	case PoolMeanSqrtLen:
		divisor = math.Sqrt(float64(n))
	case PoolWeightedMean:
		weight = func(row int) float64 { return float64(row + 1) }
		divisor = float64(n) * float64(n+1) / 2
	case PoolMax:
		columnMaxima(dst, hidden)
		return
	}
	for row := 0; len(hidden) > 0; row, hidden = row+1, hidden[dim:] {
		w := weight(row)
		for i, v := range hidden[:dim] {
			dst[i] += w * float64(v)
		}
	}
	for i := range dst {
		dst[i] /= divisor
	}
}

// columnMaxima is the largest number in each column of rows as long as dst; NaN is the largest of all.
func columnMaxima(dst []float64, rows []float32) {
	dim := len(dst)
	for i := range dst {
		dst[i] = math.Inf(-1)
	}
	for ; len(rows) > 0; rows = rows[dim:] {
		for i, v := range rows[:dim] {
			dst[i] = max(dst[i], float64(v))
		}
	}
}

// norm2 is ‖v‖.
func norm2(v []float64) float64 {
	var squares float64
	for _, x := range v {
		squares += x * x
	}
	return math.Sqrt(squares)
}

// promptNames lists the prompts.
func (e *EmbeddingInfo) promptNames() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(e.Prompts)) {
		names = append(names, quote.Text(name))
	}
	return strings.Join(names, ", ")
}
