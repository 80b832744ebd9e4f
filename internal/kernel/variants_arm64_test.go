//go:build !purego

package kernel

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
