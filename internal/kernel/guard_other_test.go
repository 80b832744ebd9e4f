//go:build !unix

package kernel

import "testing"

// guarded is memory for n bytes. Only on unix are there guard pages around it.
func guarded(_ *testing.T, n int) []byte { return make([]byte, n) }
