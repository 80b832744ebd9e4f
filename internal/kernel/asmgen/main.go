// Command asmgen writes the assembly of the matrix products, which differ between row counts and instruction sets only in
// how often the same lines come. Run it in internal/kernel, as go generate does; its test fails when a file is stale.
package main

import (
	"fmt"
	"os"
)

func main() {
	for name, content := range files() {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "asmgen:", err)
			os.Exit(1)
		}
	}
}

// files is every generated file of internal/kernel by its name.
func files() map[string]string {
	return map[string]string{
		"multiply_avx512_amd64.s": multiplyX86(avx512),
		"multiply_avx2_amd64.s":   multiplyX86(avx2),
		"half_multiply_amd64.s":   multiplyExpand(avx512),
		"half_avx512_amd64.s":     multiplyOnce(avx512),
		"half_avx2_amd64.s":       multiplyOnce(avx2),
		"quant_avx512_amd64.s":    multiplyQuant(avx512),
		"quant_avx2_amd64.s":      multiplyQuant(avx2),
		"multiply_neon_arm64.s":   multiplyNEON(),
		"half_neon_arm64.s":       multiplyOnceNEON(),
	}
}

const (
	// panelBytes is the length of a row of a packed panel.
	panelBytes = 32 * 4

	// columnStep is the number of columns after which a product may end: half a panel.
	columnStep = 16
)
