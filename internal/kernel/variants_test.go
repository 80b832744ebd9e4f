package kernel

import "testing"

// A variant is one set of kernels that the exported functions can choose.
type variant struct {
	name string
	has  bool                 // the CPU has what it needs, and GODEBUG lets it
	use  func() (undo func()) // makes the exported functions choose it
}

// eachVariant runs a test with every set of kernels of this architecture, as a subtest. One that the CPU can't run is
// skipped; TestSelected fails if that is so by mistake.
func eachVariant(t *testing.T, test func(t *testing.T)) {
	for _, v := range variants {
		t.Run(v.name, func(t *testing.T) {
			if !v.has {
				t.Skipf("the CPU has no %s, or GODEBUG turned it off", v.name)
			}
			t.Cleanup(v.use())
			test(t)
		})
	}
}
