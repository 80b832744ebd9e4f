package textbook

// Lesson is the example that rapt began with: three words of three numbers each and the matrices of a model. The
// matrices are picked so that weights and output come out as the lesson printed them, to four decimals.
func Lesson() (x, wq, wk, wv [][]float64) {
	x = [][]float64{
		{1, 0, 1},
		{0, 1, 1},
		{1, 1, 0},
	}
	wq = [][]float64{
		{1.09, 0.5, 0.77},
		{-0.21, -0.75, -2},
		{1.7, -0.96, -0.2},
	}
	wk = [][]float64{
		{1.02, -0.86, -1.66},
		{0.52, -1.54, 0.9},
		{-0.02, 1.16, 0.65},
	}
	wv = [][]float64{
		{0.9157, -0.6427, 0.7115},
		{0.3999, -1.2042, -0.4199},
		{-1.1927, -0.9351, 0.2135},
	}
	return x, wq, wk, wv
}
