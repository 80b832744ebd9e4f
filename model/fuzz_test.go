package model_test

import (
	"context"
	"testing"

	"github.com/rapt-go/rapt/model"
)

// FuzzConfig reads any config.json beside real parameters: it is refused, or the model runs.
func FuzzConfig(f *testing.F) {
	params := map[string][]byte{}
	for _, name := range []string{"bert", "bert_mlm", "distilbert", "electra"} {
		params[name] = read(f, name, "model.safetensors")
		for _, file := range []string{"config.json", "config.v5.json"} {
			f.Add(name, read(f, name, file))
		}
	}
	f.Fuzz(func(t *testing.T, name string, config []byte) {
		m, err := model.Load(model.Files{Config: config, Params: params[name]})
		if err != nil {
			return
		}
		if _, err := m.Embed(context.Background(), inputs); err != nil {
			t.Error(err)
		}
	})
}
