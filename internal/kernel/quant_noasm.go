//go:build purego || !(amd64 || arm64)

package kernel

func expandBlocks(f Quant, dst []float32, panel []byte, blocks int) {
	expandBlocksGeneric(f, dst, panel, blocks)
}
