package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/internal/regular"
	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/tokenizer"
)

// The files of a model's directory.
const (
	configFile    = "config.json"
	paramsFile    = "model.safetensors"
	indexFile     = "model.safetensors.index.json"
	tokenizerFile = "tokenizer.json"
)

// maxConfig is the size of the largest config.json that is read: the label of every class may be in it.
const maxConfig = 16 << 20

// Open opens the model in a directory as Hugging Face publishes them: config.json, model.safetensors or the shards of
// model.safetensors.index.json and, where the model takes text, tokenizer.json; or that in a .gguf file. The parameters are
// mapped into memory: they must not be changed before Close.
func Open(path string) (*Model, error) {
	if isGGUF(path) && !isDirectory(path) {
		return openGGUF(path)
	}
	return openDirectory(path)
}

func openDirectory(dir string) (*Model, error) {
	config, err := readConfig(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(dir, configFile)
	}
	if err != nil {
		return nil, err
	}
	a, err := parseArchitecture(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	file, name, err := openParams(dir)
	if err != nil {
		return nil, err
	}
	m, err := a.load(safetensorsSource{file})
	if err != nil {
		file.Close() // the model is bad, which is what the caller has to hear
		return nil, fmt.Errorf("%s: %s: %w", dir, name, err)
	}
	if m.ends, err = readEndsIn(dir, config); err != nil {
		m.Close()
		return nil, err
	}
	m.info.Name = nameOf(dir)
	m.tokenizer = sync.OnceValues(func() (*tokenizer.Tokenizer, error) {
		t, err := tokenizer.Open(filepath.Join(dir, tokenizerFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s has no %s, so the model takes ids only", dir, tokenizerFile)
		}
		return t, err
	})
	m.readEmbeddingBy(func(name string) ([]byte, error) {
		return regular.Read(filepath.Join(dir, filepath.FromSlash(name)), maxConfig)
	})
	return m, nil
}

func readConfig(dir string) ([]byte, error) {
	return regular.Read(filepath.Join(dir, configFile), maxConfig)
}

// openParams opens the parameters in a directory: one file, or else the shards of an index. It gives the name of the file or
// the index.
func openParams(dir string) (file *safetensors.File, name string, err error) {
	for _, source := range []struct {
		name string
		open func(path string) (*safetensors.File, error)
	}{
		{paramsFile, safetensors.Open},
		{indexFile, safetensors.OpenIndex},
	} {
		if file, err = source.open(filepath.Join(dir, source.name)); !errors.Is(err, fs.ErrNotExist) {
			return file, source.name, err
		}
	}
	return nil, "", missing(dir, paramsFile)
}

// missing says that dir isn't a model's directory, or what it has in the place of the file that isn't there.
func missing(dir, file string) error {
	others, err := paramFilesIn(dir)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(filepath.Join(dir, file)); err == nil {
		return fmt.Errorf("%s has a %s that links to a file which isn't there", dir, file)
	}
	if i := slices.IndexFunc(others, isGGUF); i >= 0 {
		return fmt.Errorf("%s has no %s, but %s, which is a model by itself: open that", dir, file, quote.Plain(others[i]))
	}
	if file != paramsFile || others == nil {
		return fmt.Errorf("%s has no %s", dir, file)
	}
	return fmt.Errorf("%s has no %s, only %s; no other file of parameters is read", dir, paramsFile, strings.Join(others, ", "))
}

// Files is a model in memory: the contents of the files that Open reads.
type Files struct {
	Name      string // for Info
	Config    []byte // config.json
	Params    []byte // model.safetensors, which must stay as it is: it is read whenever the model runs
	Tokenizer []byte // tokenizer.json, or nil
	Embedding fs.FS  // modules.json and the files of sentence-transformers that go with it, or nil
}

// Load makes a model of files in memory.
func Load(f Files) (*Model, error) {
	a, err := parseArchitecture(f.Config)
	if err != nil {
		return nil, err
	}
	file, err := safetensors.Parse(f.Params)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", paramsFile, err)
	}
	m, err := a.load(safetensorsSource{file})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", paramsFile, err)
	}
	m.info.Name = f.Name
	m.tokenizer = sync.OnceValues(func() (*tokenizer.Tokenizer, error) {
		if f.Tokenizer == nil {
			return nil, errors.New("the model came without a tokenizer")
		}
		return tokenizer.Parse(f.Tokenizer)
	})
	if f.Embedding != nil {
		m.readEmbeddingBy(func(name string) ([]byte, error) { return fs.ReadFile(f.Embedding, name) })
	}
	return m, nil
}
