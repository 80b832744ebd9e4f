package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rapt-go/rapt/internal/quote"
)

// The files in which sentence-transformers keeps how a model embeds.
const (
	modulesFile   = "modules.json"
	promptsFile   = "config_sentence_transformers.json"
	tokenizerConf = "tokenizer_config.json"
)

// transformerFiles are the names that the configuration of the first module has had; the first that is there counts.
var transformerFiles = []string{
	"sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
	"sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
	"sentence_xlnet_config.json",
}

// A readFile gives a file of a model's directory by its path in it, with slashes. The error of one that isn't there is
// fs.ErrNotExist.
type readFile func(name string) ([]byte, error)

// A module is an entry of modules.json.
type module struct {
	Type string `json:"type"`
	Path string `json:"path"`
}

// kind is the name of the library's class, or the whole type where it is somebody else's.
func (m module) kind() string {
	if strings.HasPrefix(m.Type, "sentence_transformers.") {
		return m.Type[strings.LastIndexByte(m.Type, '.')+1:]
	}
	return quote.Text(m.Type)
}

// readEmbeddingBy makes EmbeddingInfo read the files when it is first asked for.
func (m *Model) readEmbeddingBy(read readFile) {
	m.embedding = sync.OnceValues(func() (EmbeddingInfo, error) {
		e, err := readEmbedding(read, &m.info)
		if err != nil {
			return EmbeddingInfo{}, fmt.Errorf("how %s embeds: %w", quote.Plain(m.info.Name), err)
		}
		return e, nil
	})
}

// readEmbedding reads modules.json and the files that it names. Errors begin with the name of a file.
func readEmbedding(read readFile, info *Info) (EmbeddingInfo, error) {
	data, err := read(modulesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return defaultEmbedding(info), nil
	}
	if err != nil {
		return EmbeddingInfo{}, err
	}
	var modules []module
	if err := json.Unmarshal(data, &modules); err != nil {
		return EmbeddingInfo{}, fmt.Errorf("%s: not a list of modules: %w", modulesFile, err)
	}
	e := EmbeddingInfo{}
	if err := e.readModules(read, modules, info); err != nil {
		return EmbeddingInfo{}, err
	}
	if err := e.readPrompts(read); err != nil {
		return EmbeddingInfo{}, err
	}
	return e, nil
}

// readModules reads what the modules say: the transformer itself, then how it is pooled, then what is done to that.
func (e *EmbeddingInfo) readModules(read readFile, modules []module, info *Info) error {
	for i, m := range modules {
		wanted := ""
		switch i {
		case 0:
			wanted = "Transformer"
		case 1:
			wanted = "Pooling"
		}
		kind := m.kind()
		if wanted != "" && kind != wanted {
			return fmt.Errorf("%s: module %d is %s; only %s is supported there", modulesFile, i, kind, wanted)
		}
		var err error
		switch kind {
		case "Transformer":
			err = e.readTransformer(read, m.Path, info)
		case "Pooling":
			err = e.readPooling(read, m.Path, info)
		case "Normalize":
			err = e.readNormalize(read, m.Path)
		case "Dropout": // only in training
		default:
			err = fmt.Errorf("%s: module %d is %s, which isn't supported", modulesFile, i, kind)
		}
		if err != nil {
			return err
		}
	}
	if len(modules) < 2 {
		return fmt.Errorf("%s has %d modules, expected a Transformer and a Pooling at least", modulesFile, len(modules))
	}
	return nil
}

// readModuleConfig reads the configuration of a module; absent says whether there is none.
func readModuleConfig(read readFile, dir, file string) (c *config, name string, absent bool, err error) {
	name = path.Join(dir, file)
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.Contains(name, `\`) {
		return nil, name, false, fmt.Errorf("%s: path %s leads out of the model's directory", modulesFile, quote.Text(dir))
	}
	data, err := read(name)
	if err != nil {
		return nil, name, errors.Is(err, fs.ErrNotExist), err
	}
	if c, err = parseConfig(data); err != nil {
		return nil, name, false, fmt.Errorf("%s: %w", name, err)
	}
	return c, name, false, nil
}

// harmlessArguments are those to the constructor of the network that say how it is computed, not what.
var harmlessArguments = []string{
	"add_pooling_layer", "attn_implementation", "device_map", "dtype", "low_cpu_mem_usage", "torch_dtype",
	"trust_remote_code", "use_safetensors",
}

// readTransformer reads how many tokens are looked at, and refuses what changes the tokens or the network.
func (e *EmbeddingInfo) readTransformer(read readFile, dir string, info *Info) error {
	if dir != "" {
		return fmt.Errorf("%s: the transformer is in %s; only one in the model's own directory is supported", modulesFile, quote.Text(dir))
	}
	e.MaxSeqLen = info.MaxSeqLen
	for _, file := range transformerFiles {
		c, name, absent, err := readModuleConfig(read, "", file)
		if absent {
			continue
		}
		if err != nil {
			return err
		}
		limit := c.count("max_seq_length", math.MaxInt32)
		c.off("do_lower_case")
		c.only("transformer_task", "feature-extraction")
		c.empty("tokenizer_args", "processor_kwargs", "processing_kwargs", "config_args", "config_kwargs",
			"query_length", "document_length", "query_expansion")
		for _, key := range []string{"model_args", "model_kwargs"} {
			c.inside(key, func(arguments *config) { arguments.known(harmlessArguments...) })
		}
		c.inside("modality_config", onlyText)
		c.only("module_output_name", "token_embeddings")
		if c.err != nil {
			return fmt.Errorf("%s: %w", name, c.err)
		}
		if limit < math.MaxInt32 {
			e.MaxSeqLen = min(e.MaxSeqLen, limit)
			return nil
		}
		break
	}
	return e.readTokenizerLimit(read)
}

// readTokenizerLimit takes the limit from where it is if the module's configuration has none.
func (e *EmbeddingInfo) readTokenizerLimit(read readFile) error {
	c, name, absent, err := readModuleConfig(read, "", tokenizerConf)
	if absent {
		return nil
	}
	if err != nil {
		return err
	}
	// It may be 10³⁰, which means that there is none.
	if limit := c.positive("model_max_length", math.MaxInt32); limit < float64(e.MaxSeqLen) {
		e.MaxSeqLen = max(int(limit), 1)
	}
	if c.err != nil {
		return fmt.Errorf("%s: %w", name, c.err)
	}
	return nil
}

// onlyText refuses any way in or out of the network but that of ids in and last hidden states out.
func onlyText(modalities *config) {
	if modalities.absent("text") {
		return
	}
	modalities.inside("text", func(text *config) {
		text.only("method", "forward")
		text.only("method_output_name", "last_hidden_state")
	})
}

// readPooling reads which poolings there are: by a list of names, or as it was before by a key for each.
func (e *EmbeddingInfo) readPooling(read readFile, dir string, info *Info) error {
	c, name, absent, err := readModuleConfig(read, dir, configFile)
	if absent {
		return fmt.Errorf("%s: the pooling is in %s, which isn't there", modulesFile, quote.Text(name))
	}
	if err != nil {
		return err
	}
	width := c.alias("embedding_dimension", "word_embedding_dimension", info.ModelDim)
	if c.err == nil && width != info.ModelDim {
		c.fail("the width is %d, that of the model is %d", width, info.ModelDim)
	}
	e.promptPooled = c.flag("include_prompt", true)
	if _, ok := c.values["pooling_mode"]; ok {
		e.Pooling = c.poolings("pooling_mode")
	} else {
		e.Pooling = c.flaggedPoolings()
	}
	known := []string{"embedding_dimension", "word_embedding_dimension", "include_prompt", "pooling_mode"}
	for _, flag := range poolingFlags {
		known = append(known, flag.key)
	}
	c.known(known...)
	if c.err != nil {
		return fmt.Errorf("%s: %w", name, c.err)
	}
	e.Dim = len(e.Pooling) * info.ModelDim
	return nil
}

// poolings is the name of a pooling, or a list of several.
func (c *config) poolings(key string) (list []Pooling) {
	if strings.HasPrefix(string(c.values[key]), "[") {
		c.read(key, &list, "a list of names")
	} else {
		list = []Pooling{Pooling(c.text(key, string(PoolMean)))}
	}
	for _, p := range list {
		if !slices.ContainsFunc(poolingFlags, func(f poolingFlag) bool { return f.pooling == p }) {
			c.fail("%s is %s, which isn't supported", key, quote.Text(string(p)))
		}
	}
	if len(list) == 0 {
		c.fail("%s is empty", key)
	}
	return list
}

// poolingFlags are the keys for single poolings, in the order in which their vectors stand side by side.
var poolingFlags = []poolingFlag{
	{"pooling_mode_cls_token", PoolCLS},
	{"pooling_mode_max_tokens", PoolMax},
	{"pooling_mode_mean_tokens", PoolMean},
	{"pooling_mode_mean_sqrt_len_tokens", PoolMeanSqrtLen},
	{"pooling_mode_weightedmean_tokens", PoolWeightedMean},
	{"pooling_mode_lasttoken", PoolLastToken},
}

type poolingFlag struct {
	key     string
	pooling Pooling
}

// flaggedPoolings are the poolings whose keys are true, or the mean if none is.
func (c *config) flaggedPoolings() (list []Pooling) {
	for _, flag := range poolingFlags {
		if c.flag(flag.key, false) {
			list = append(list, flag.pooling)
		}
	}
	if list == nil {
		list = []Pooling{PoolMean}
	}
	return list
}

// readNormalize refuses to scale anything but the vector.
func (e *EmbeddingInfo) readNormalize(read readFile, dir string) error {
	e.Normalize = true
	c, name, absent, err := readModuleConfig(read, dir, configFile)
	if absent {
		return nil
	}
	if err != nil {
		return err
	}
	c.only("module_input_name", "sentence_embedding")
	c.only("module_output_name", "sentence_embedding")
	if c.err != nil {
		return fmt.Errorf("%s: %w", name, c.err)
	}
	return nil
}

// readPrompts reads what goes before texts.
func (e *EmbeddingInfo) readPrompts(read readFile) error {
	c, name, absent, err := readModuleConfig(read, "", promptsFile)
	if absent {
		return nil
	}
	if err != nil {
		return err
	}
	prompts := map[string]*string{}
	c.read("prompts", &prompts, "an object of strings")
	e.Prompts = map[string]string{}
	for name, text := range prompts {
		if text != nil { // null is a place for one
			e.Prompts[name] = *text
		}
	}
	e.DefaultPrompt = c.text("default_prompt_name", "")
	if _, ok := e.Prompts[e.DefaultPrompt]; !ok && e.DefaultPrompt != "" {
		c.fail("default_prompt_name is %s, which isn't one of the prompts", quote.Text(e.DefaultPrompt))
	}
	c.only("model_type", "SentenceTransformer")
	c.empty("truncate_dim")
	if c.err != nil {
		return fmt.Errorf("%s: %w", name, c.err)
	}
	return nil
}
