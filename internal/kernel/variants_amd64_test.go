//go:build !purego

package kernel

var variants = []variant{
	{"avx512", useAVX512, use(true, true)},
	{"avx2", useAVX2, use(true, false)},
	{"generic", true, use(false, false)},
}

func use(avx2, avx512 bool) func() (undo func()) {
	return func() (undo func()) {
		hadAVX2, hadAVX512 := useAVX2, useAVX512
		useAVX2, useAVX512 = avx2, avx512
		return func() { useAVX2, useAVX512 = hadAVX2, hadAVX512 }
	}
}
