package model_test

import (
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
	"github.com/rapt-go/rapt/model"
)

// What a configuration of a decoder says and isn't supported is named; what is contradictory, too.
func TestDecoderConfigErrors(t *testing.T) {
	type changes = map[string]any
	rope := func(c changes) changes { return changes{"rope_scaling": c} }
	for _, test := range []struct {
		name, model string
		changes     changes
		want        []string
	}{
		{"heads", "llama", changes{"num_attention_heads": 5}, []string{"num_attention_heads is 5", "num_key_value_heads 2"}},
		{"width", "llama", changes{"num_attention_heads": 6}, []string{"hidden_size is 32", "num_attention_heads 6"}},
		{"kv heads", "llama", changes{"num_key_value_heads": 3}, []string{"num_attention_heads is 4", "num_key_value_heads 3"}},
		{"no kv heads", "llama", changes{"num_key_value_heads": 0}, []string{"num_key_value_heads is 0"}},
		{"wide heads", "llama", changes{"head_dim": 1 << 20}, []string{"1048576 numbers", "at most"}},
		{"many heads", "llama", changes{"num_attention_heads": 1 << 30, "head_dim": 8}, []string{"1073741824 heads", "at most"}},
		{"other heads", "llama", changes{"head_dim": 16}, []string{"q_proj.weight", "[32 32]", "[64 32]"}},
		{"odd heads", "llama", changes{"head_dim": 7}, []string{"7 of 7 numbers of a head are turned", "even"}},
		{"eps", "llama", changes{"rms_norm_eps": -1}, []string{"rms_norm_eps is -1"}},
		{"activation", "llama", changes{"hidden_act": "xielu"}, []string{`hidden_act is "xielu"`, "silu"}},
		{"bias", "llama", changes{"attention_bias": true}, []string{"q_proj.bias"}},
		{"bias of another type", "llama", changes{"attention_bias": 1}, []string{"attention_bias is 1, expected true or false"}},
		{"mlp bias", "llama", changes{"mlp_bias": true}, []string{"gate_proj.bias"}},
		{"tied", "llama", changes{"tie_word_embeddings": "yes"}, []string{"tie_word_embeddings is a string, expected true or false"}},
		{"quantised", "llama", changes{"quantization_config": changes{"bits": 4}}, []string{"quantization_config is an object"}},
		{"cross attention", "llama", changes{"add_cross_attention": true}, []string{"add_cross_attention is true"}},
		{"layers", "llama", changes{"num_hidden_layers": 1000000000}, []string{"layer 3 of 1000000000", "layers.3."}},
		{"vocabulary", "llama", changes{"vocab_size": 127}, []string{"embed_tokens.weight", "[128 32]", "[127 32]"}},
		{"part of a head", "llama", changes{"partial_rotary_factor": 0.5}, []string{"partial_rotary_factor turns 4 of 8", "llama"}},

		{"rope type", "llama", rope(changes{"rope_type": "dynamic", "factor": 2}), []string{`rope_scaling: rope_type is "dynamic"`, "yarn, longrope"}},
		{"rope key", "llama", rope(changes{"type": "linear", "factor": 2, "finetuned": true}), []string{`rope_scaling: there is a key "finetuned"`}},
		{"rope factor", "llama", rope(changes{"type": "linear"}), []string{"rope_scaling: factor is missing"}},
		{"rope factor", "llama", rope(changes{"type": "linear", "factor": -1}), []string{"rope_scaling: factor is -1"}},
		{"rope not an object", "llama", changes{"rope_scaling": "linear"}, []string{"rope_scaling is a string, expected an object"}},
		{"rope base", "llama", changes{"rope_theta": 1}, []string{"rope_theta is 1, expected more than 1"}},
		{"rope of version 5", "llama", changes{"rope_parameters": changes{"rope_type": "magic"}}, []string{`rope_parameters: rope_type is "magic"`}},
		{"llama3", "llama3", rope(changes{"type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 4}),
			[]string{"high_freq_factor is 4", "low_freq_factor, which is 4"}},
		{"yarn", "llama", rope(changes{"type": "yarn", "factor": 8, "beta_fast": 1, "beta_slow": 2}), []string{"beta_fast is 1", "beta_slow, which is 2"}},
		{"longrope", "phi3_longrope", rope(changes{"type": "longrope", "short_factor": []int{1}, "long_factor": []int{1, 2}}),
			[]string{"short_factor has 1 numbers, expected 2"}},
		{"longrope", "phi3_longrope", rope(changes{"type": "longrope", "short_factor": []int{1, 0}, "long_factor": []int{1, 2}}),
			[]string{"short_factor has 0 in it"}},
		{"longrope", "phi3_longrope", rope(changes{"type": "longrope", "short_factor": []int{1, 1}}), []string{"long_factor is missing"}},
		{"two lengths", "phi3_longrope", rope(changes{"type": "longrope", "short_factor": []int{1, 1}, "long_factor": []int{1, 1}, "original_max_position_embeddings": 9}),
			[]string{"original_max_position_embeddings is 9 here and 8 outside"}},

		{"window", "mistral", changes{"sliding_window": 0}, []string{"sliding_window is 0"}},
		{"layer types", "mistral", changes{"layer_types": []string{"full_attention"}}, []string{"layer_types has 1 layers, num_hidden_layers is 3"}},
		{"layer types", "gemma2", changes{"layer_types": []string{"full_attention", "chunked_attention", "full_attention", "full_attention"}},
			[]string{`layer_types has "chunked_attention" for layer 1`, "sliding_attention"}},
		{"no window", "qwen2", changes{"layer_types": []string{"full_attention", "sliding_attention", "full_attention"}},
			[]string{`layer_types has "sliding_attention" for layer 1`, "no window"}},
		{"full layers", "mistral", changes{"layer_types": []string{"sliding_attention", "full_attention", "sliding_attention"}},
			[]string{`layer_types has "full_attention" for layer 1`, "mistral has in every layer"}},
		{"window", "modernbert", changes{"sliding_window": 4}, []string{"sliding_window is 4, local_attention is 6"}},
		{"cap", "gemma2", changes{"attn_logit_softcapping": 0}, []string{"attn_logit_softcapping is 0"}},
		{"both ways", "gemma2", changes{"use_bidirectional_attention": true}, []string{"use_bidirectional_attention is true"}},
		{"bias", "phi3", changes{"attention_bias": true}, []string{"attention_bias is true"}},
		{"experts", "gpt_oss", changes{"num_experts_per_tok": 5, "experts_per_token": 5}, []string{"num_experts_per_tok is 5, num_local_experts is 4"}},
		{"experts", "gpt_oss", changes{"num_local_experts": 5}, []string{"router.weight", "[4 32]", "[5 32]"}},
		{"two names", "gpt_oss", changes{"experts_per_token": 3}, []string{"num_experts_per_tok is 2 and experts_per_token is 3"}},
		{"activation", "gpt_oss", changes{"hidden_act": "gelu"}, []string{`hidden_act is "gelu"; only "silu"`}},
		{"width", "gpt2", changes{"n_head": 5}, []string{"n_embd is 32", "n_head 5"}},
		{"positions", "gpt2", changes{"n_positions": 41}, []string{"wpe.weight", "[40 32]", "[41 32]"}},
		{"inner", "gpt2", changes{"n_inner": 100}, []string{"mlp.c_fc.weight", "[32 128]", "[32 100]"}},
		{"rope", "modernbert", rope(changes{"type": "linear", "factor": 2}), []string{"rope_scaling is an object"}},
		{"rope of a kind", "modernbert", changes{"rope_parameters": changes{"full_attention": changes{"rope_type": "magic"}}},
			[]string{`rope_parameters: full_attention: rope_type is "magic"`}},
		{"decoder", "modernbert", changes{"is_decoder": true}, []string{"is_decoder is true"}},
	} {
		t.Run(test.model+"/"+test.name, func(t *testing.T) {
			_, err := model.Load(model.Files{
				Config: edited(t, test.model, test.changes),
				Params: read(t, test.model, "model.safetensors"),
			})
			wantError(t, err, test.want...)
		})
	}
}

// A head that the file has counts, whatever the configuration says of it; without one the embeddings are it.
func TestHeadOfTheFile(t *testing.T) {
	s := inputs[:1]
	logits := func(m *model.Model) []float32 {
		l, err := m.Logits(forward(t, m, s).Hidden[0])
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	own := logits(load(t, "llama", "config.json"))
	(&worst{t, "logits", 0, 0}).compare("though tied", logits(modelWith(t, "llama", map[string]any{"tie_word_embeddings": true})), own)

	var embeddings []byte
	data := rewritten(t, read(t, "llama", "model.safetensors"), func(x safetensors.Tensor) safetensors.Tensor {
		switch x.Name {
		case "lm_head.weight":
			x.Name = ""
		case "model.embed_tokens.weight":
			embeddings = x.Data
		}
		return x
	})
	without, err := model.Load(model.Files{Config: read(t, "llama", "config.json"), Params: data})
	if err != nil {
		t.Fatal(err)
	}
	data = rewritten(t, read(t, "llama", "model.safetensors"), func(x safetensors.Tensor) safetensors.Tensor {
		if x.Name == "lm_head.weight" {
			x.Data = embeddings
		}
		return x
	})
	same, err := model.Load(model.Files{Config: read(t, "llama", "config.json"), Params: data})
	if err != nil {
		t.Fatal(err)
	}
	(&worst{t, "logits", 0, 0}).compare("without a head", logits(without), logits(same))
}

// The direction of a logit gives the logit, where it is bent too.
func TestLMHeadDirection(t *testing.T) {
	for _, name := range []string{"llama", "gemma2"} {
		m := load(t, name, "config.json")
		hidden := forward(t, m, inputs[:1]).Hidden[0][:m.Info().ModelDim]
		logits, err := m.Logits(hidden)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range []int{0, 17, m.Info().VocabSize - 1} {
			direction, logit, err := m.LogitDirection(hidden, token)
			if err != nil {
				t.Fatal(err)
			}
			var sum float64
			for i, d := range direction {
				sum += d * float64(hidden[i])
			}
			(&worst{t, "logit", logitsLimit, 0}).compare(name, []float32{float32(logit), float32(sum)}, []float32{logits[token], logits[token]})
		}
	}
}
