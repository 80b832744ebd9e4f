//go:build !purego

package kernel

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

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

// The best kernels that the operating system says the CPU can run are chosen, unless GODEBUG turns them off.
func TestSelected(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip("no other authority on what the CPU has: ", err)
	}
	flags := strings.Fields(regexp.MustCompile(`(?m)^flags\s*:(.*)$`).FindString(string(info)))
	can := func(features ...string) bool {
		for _, f := range features {
			if !slices.Contains(flags, f) || turnedOff(f) {
				return false
			}
		}
		return true
	}
	if avx2 := can("avx2", "fma"); useAVX2 != avx2 {
		t.Errorf("useAVX2 is %v, expected %v", useAVX2, avx2)
	}
	if avx512 := can("avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl"); useAVX512 != avx512 {
		t.Errorf("useAVX512 is %v, expected %v", useAVX512, avx512)
	}
}
