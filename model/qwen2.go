package model

// readQwen2 reads the configuration of Qwen 2: Llama with a bias for q, k and v alone.
func readQwen2(c *config) decoderConfig {
	d := readDecoder(c, decoderConfig{
		Info: Info{
			Family:    "qwen2",
			NumLayers: 32, NumHeads: 32, ModelDim: 4096, MLPDim: 22016, VocabSize: 151936, MaxSeqLen: 32768,
		},
		eps:     1e-6,
		qkvBias: true,
	})
	d.act = c.activation("hidden_act", "silu")
	d.rotary = c.rope(10000, d.HeadDim, d.MaxSeqLen)
	d.wholeHeads(c)
	d.readQwenWindow(c)
	return d
}

// readQwenWindow reads a window that the last layers have, from max_window_layers on, if it is switched on at all.
func (d *decoderConfig) readQwenWindow(c *config) {
	first := c.index("max_window_layers", 28)
	if c.flag("use_sliding_window", false) {
		d.readWindow(c, 4096, func(layer int) bool { return layer >= first })
	} else {
		d.withoutWindow(c)
	}
}
