// Command convert writes the files of package minilm from the directory of the original all-MiniLM-L6-v2:
//
//	go run ./model/minilm/convert [-o DIR] ORIGINAL
//
// model.safetensors is converted to float16, the others are copied.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rapt-go/rapt/internal/atomicfile"
)

func main() {
	out := flag.String("o", filepath.Join("model", "minilm"), "directory to write to")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./model/minilm/convert [-o DIR] ORIGINAL")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *out); err != nil {
		fmt.Fprintln(os.Stderr, "convert:", err)
		os.Exit(1)
	}
}

// names are the files of the package, with slashes.
var names = []string{
	"config.json", "model.safetensors", "tokenizer.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json",
}

// run reads and converts everything before it writes anything.
func run(dir, out string) error {
	files := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		files[name] = data
	}
	converted, err := convert(files["model.safetensors"])
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(dir, "model.safetensors"), err)
	}
	files["model.safetensors"] = converted
	for name, data := range files {
		path := filepath.Join(out, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		err := atomicfile.Write(path, func(w io.Writer) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
