package model

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/rapt-go/rapt/internal/matmul"
	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/tokenizer"
)

// A Model is a network with its parameters. Any number of goroutines may use it at once.
type Model struct {
	info      Info
	network   *network
	ends      []int // see Ends
	tokenizer func() (*tokenizer.Tokenizer, error)
	embedding func() (EmbeddingInfo, error) // nil: the default

	mu   sync.RWMutex // held by whoever reads the parameters, against Close
	file source
}

// Info describes a model.
type Info struct {
	Name   string // of its directory, or as Files gave it
	Family string // model_type: "bert", "roberta", …

	NumLayers  int // of an encoder–decoder model: of the encoder
	NumHeads   int // in a layer
	NumKVHeads int // heads of keys and values, which as many query heads each share
	HeadDim    int // width of a head
	ModelDim   int // width of what passes from layer to layer
	MLPDim     int // width inside the feed-forward half of a layer
	VocabSize  int
	MaxSeqLen  int // tokens that the model can take; AnyLen: nothing limits them but memory
	NumTypes   int // token types; 0: the model has none

	NumDecoderLayers int // of a decoder beside an encoder; 0: there is none
	DecoderStart     int // the id with which its sequences begin

	Causal    bool // a token sees only those before it
	HasPooler bool // Output.Pooled is there
	HasHead   bool // Logits works: of the hidden states of the decoder, where there is one beside an encoder

	NumParams  int    // numbers that the network takes from its file
	ParamType  string // how most of them are stored: "float32", "float16", "bfloat16", "Q8_0", "Q4_0", "Q4_1"
	ParamBytes int64  // size of the file that holds them
}

// AnyLen is Info.MaxSeqLen of a model whose positions have no end.
const AnyLen = math.MaxInt32

// Info describes the model.
func (m *Model) Info() Info { return m.info }

// Tokenizer is the tokenizer of the model's directory, parsed when it is first asked for. It is an error if the model
// came without one.
func (m *Model) Tokenizer() (*tokenizer.Tokenizer, error) { return m.tokenizer() }

// Close gives the memory of the parameters back, after the calls that still run have ended. Later calls return
// ErrClosed.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.file == nil {
		return nil
	}
	err := m.file.Close()
	m.file = nil
	return err
}

// ErrClosed is what a closed model returns.
var ErrClosed = errors.New("the model is closed")

// acquire keeps the parameters in memory until release.
func (m *Model) acquire() (release func(), err error) {
	m.mu.RLock()
	if m.file == nil {
		m.mu.RUnlock()
		return nil, ErrClosed
	}
	return m.mu.RUnlock, nil
}

// An architecture is what a configuration describes: a network without its parameters.
type architecture struct {
	info  Info
	build func(*params) *network
}

// bertArchitecture is that of a family that has the configuration of BERT.
func bertArchitecture(b bertConfig, build func(*params, bertConfig) *network) architecture {
	return architecture{b.Info, func(p *params) *network { return build(p, b) }}
}

// families are those of config.architecture.
const families = "bert, camembert, distilbert, electra, gemma2, gpt2, gpt_oss, llama, mistral, modernbert, mpnet, mt5, phi3, qwen2, qwen3, roberta, t5, xlm-roberta"

// parseArchitecture reads a config.json.
func parseArchitecture(data []byte) (architecture, error) {
	c, err := parseConfig(data)
	if err != nil {
		return architecture{}, fmt.Errorf("%s: %w", configFile, err)
	}
	a := c.architecture()
	if c.err != nil {
		return architecture{}, fmt.Errorf("%s: %w", configFile, c.err)
	}
	return a, nil
}

// architecture is that of the family. A new one has its line here and a file of its own.
func (c *config) architecture() (a architecture) {
	switch family := c.text("model_type", ""); family {
	case "bert":
		a = bertArchitecture(readBERT(c), newBERT)
	case "distilbert":
		a = bertArchitecture(readDistilBERT(c), newDistilBERT)
	case "electra":
		a = bertArchitecture(readELECTRA(c), newELECTRA)
	case "roberta", "xlm-roberta", "camembert":
		a = bertArchitecture(readRoBERTa(c, family), newRoBERTa)
	case "mpnet":
		m := readMPNet(c)
		a = architecture{m.Info, func(p *params) *network { return newMPNet(p, m) }}
	case "gemma2":
		a = readGemma2(c).architecture(newGemma2)
	case "gpt2":
		g := readGPT2(c)
		a = architecture{g.Info, func(p *params) *network { return newGPT2(p, g) }}
	case "gpt_oss":
		g := readGPTOSS(c)
		a = architecture{g.Info, func(p *params) *network { return newGPTOSS(p, g) }}
	case "llama":
		a = readLlama(c).architecture(newLlama)
	case "mistral":
		a = readMistral(c).architecture(newLlama)
	case "modernbert":
		b := readModernBERT(c)
		a = architecture{b.Info, func(p *params) *network { return newModernBERT(p, b) }}
	case "phi3":
		a = readPhi3(c).architecture(newPhi3)
	case "qwen2":
		a = readQwen2(c).architecture(newLlama)
	case "qwen3":
		a = readQwen3(c).architecture(newQwen3)
	case "t5", "mt5":
		t := readT5(c, family)
		a = architecture{t.Info, func(p *params) *network { return newT5(p, t) }}
	case "":
		c.fail("model_type is missing, so the family of the model is unknown")
	default:
		c.fail("model_type is %s, which isn't supported; these families are: %s", quote.Text(family), families)
	}
	return a
}

// load makes the network with the parameters of a file: a model that lacks only a name and a tokenizer.
func (a architecture) load(file source) (*Model, error) {
	p := newParams(file)
	network := a.build(p)
	if p.err != nil {
		return nil, p.err
	}
	info := a.info
	info.HasPooler, info.HasHead = network.pooler != nil, network.head != nil
	if network.decoder == nil {
		info.NumDecoderLayers = 0
	}
	n, format := p.total()
	info.NumParams, info.ParamType, info.ParamBytes = n, typeName(format), file.Size()
	return &Model{info: info, network: network, file: file}, nil
}

// typeName is Info.ParamType.
func typeName(f matmul.Format) string {
	switch f {
	case matmul.F32:
		return "float32"
	case matmul.F16:
		return "float16"
	case matmul.BF16:
		return "bfloat16"
	}
	return f.String()
}
