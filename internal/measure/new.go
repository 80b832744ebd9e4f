package measure

// New is a case that isn't attention alone. prepare sets up for so many threads, which GOMAXPROCS is too, and gives the
// call that is measured.
func New(name string, flops float64, prepare func(threads int) (call func() error, err error)) Case {
	return Case{Name: name, Flops: flops, prepare: prepare}
}
