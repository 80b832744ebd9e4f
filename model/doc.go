// Package model runs real transformers from the directories in which Hugging Face publishes them: config.json,
// model.safetensors, or its shards and their index, and, for text, tokenizer.json; and models of Llama's kind from the GGUF
// files of llama.cpp, in which all of that is one file.
//
//	Open, Load      a model from a directory or a .gguf file, or from bytes in memory
//	Library         the directories of models by name, as in the cache that Hugging Face's libraries have filled
//	Model.Trace     one sequence, with the attention weights and hidden states of every layer
//	Model.Forward   a batch, with taps for whatever happens inside
//	Model.Embed     sentence embeddings, of a batch of any length; Model.EmbedTexts of texts; as the files of
//	                sentence-transformers say, if the model has them
//	Model.Logits    scores of the vocabulary from the last hidden states
//	Model.Generate  new tokens after prompts, chosen by a Sampler, with their text and what they were written from
//	Model.NewState  what a causal model keeps of a sequence: Model.Extend adds tokens to some and gives their hidden states,
//	                Model.Next scores what may come after them
//	Model.NewPool   memory that the states of many sequences share, with a limit if wanted
//	Model.Encode    such states of the decoders of encoder–decoder models, one for each sequence that the encoder has read
//
// Parameters keep the width in which they are stored (float32, float16, bfloat16, or Q8_0, Q4_0 or Q4_1 of GGUF) and are
// expanded to float32 a few at a time. Embeddings are read where they lie, in the mapped file or in the program; matrices are laid out for the kernels at
// their first use. All arithmetic is in float32.
//
// A directory is not trusted: whatever its files hold, it is opened, or refused with an error that says why, and nothing is
// allocated that only they ask for. NaN and infinity in a vector of parameters are refused when the model is opened; in a
// matrix, when they reach a result: the error names the layer.
//
// A family of models is one file of this package that reads as its formula: bert.go, llama.go, gemma2.go. Layers,
// heads and positions count from 0.
package model
