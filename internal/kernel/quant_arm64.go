//go:build !purego

package kernel

//go:noescape
func expandQ80NEON(dst *float32, panel *byte, blocks int) // blocks > 0

//go:noescape
func expandQ40NEON(dst *float32, panel *byte, blocks int) // blocks > 0

//go:noescape
func expandQ41NEON(dst *float32, panel *byte, blocks int) // blocks > 0

func expandBlocks(f Quant, dst []float32, panel []byte, blocks int) {
	switch {
	case useNEON && f == Q8_0:
		expandQ80NEON(&dst[0], &panel[0], blocks)
	case useNEON && f == Q4_0:
		expandQ40NEON(&dst[0], &panel[0], blocks)
	case useNEON && f == Q4_1:
		expandQ41NEON(&dst[0], &panel[0], blocks)
	default:
		expandBlocksGeneric(f, dst, panel, blocks)
	}
}
