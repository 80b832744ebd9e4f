//go:build !purego

package kernel

import "testing"

var variants = []variant{
	{"neon", useNEON, use(true)},
	{"generic", true, use(false)},
}

func use(neon bool) func() (undo func()) {
	return func() (undo func()) {
		had := useNEON
		useNEON = neon
		return func() { useNEON = had }
	}
}

// Every arm64 machine has NEON, so it is chosen unless GODEBUG turns it off.
func TestSelected(t *testing.T) {
	if useNEON == turnedOff("asimd") {
		t.Errorf("useNEON is %v", useNEON)
	}
}
