// Package minilm carries all-MiniLM-L6-v2, an encoder of English text with 22.6 million parameters in 6 layers of 12
// heads (sentence-transformers, Apache-2.0), in the program that imports it.
//
// Its parameters are those that were published, rounded from float32 to float16; the pooler, which nobody trained, is
// left out. Attention then differs from float32's by at most 0.0015. The files beside this one are written by
//
//	go run ./model/minilm/convert DIR
//
// from DIR, the directory of the original, and are the model's as any tool can open it.
package minilm

import (
	"embed"

	"github.com/rapt-go/rapt/model"
)

var (
	//go:embed config.json
	config []byte

	//go:embed model.safetensors
	params []byte

	//go:embed tokenizer.json
	tokenizer []byte

	//go:embed modules.json sentence_bert_config.json 1_Pooling/config.json
	embedding embed.FS
)

// Files are the files of the model as they lie in the program. They are not copied and must not be changed.
func Files() model.Files {
	return model.Files{Name: "all-MiniLM-L6-v2", Config: config, Params: params, Tokenizer: tokenizer, Embedding: embedding}
}

// Load makes the model. Its parameters stay where they are in the program.
func Load() (*model.Model, error) {
	return model.Load(Files())
}
