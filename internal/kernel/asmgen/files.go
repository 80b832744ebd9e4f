package main

// Files gives every generated file of internal/kernel by its name.
func Files() map[string]string {
	return map[string]string{
		"multiply_avx512_amd64.s": multiplyX86(avx512),
		"multiply_avx2_amd64.s":   multiplyX86(avx2),
	}
}
