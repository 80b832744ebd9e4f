package model

// readMistral reads the configuration of Mistral (Jiang et al. 2023): Llama with a window in every layer.
func readMistral(c *config) decoderConfig {
	d := readDecoder(c, decoderConfig{
		Info: Info{
			Family:    "mistral",
			NumLayers: 32, NumHeads: 32, ModelDim: 4096, MLPDim: 14336, VocabSize: 32000, MaxSeqLen: 4096 * 32,
		},
		eps: 1e-6,
	})
	d.act = c.activation("hidden_act", "silu")
	d.rotary = c.rope(10000, d.HeadDim, d.MaxSeqLen)
	d.wholeHeads(c)
	d.readWindow(c, 4096, everyLayer)
	d.windowEverywhere(c)
	return d
}
