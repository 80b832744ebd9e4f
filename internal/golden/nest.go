package golden

// Nest is data of shape [a][b][c][d] as rows within rows, the form that package textbook takes. The rows alias data.
func Nest[T any](data []T, a, b, c, d int) [][][][]T {
	nested := make([][][][]T, a)
	for i := range nested {
		nested[i] = make([][][]T, b)
		for j := range nested[i] {
			nested[i][j] = make([][]T, c)
			for k := range nested[i][j] {
				nested[i][j][k], data = data[:d:d], data[d:]
			}
		}
	}
	return nested
}

// Float64s is float32 numbers as float64, exactly.
func Float64s(numbers []float32) []float64 {
	if numbers == nil {
		return nil
	}
	wide := make([]float64, len(numbers))
	for i, x := range numbers {
		wide[i] = float64(x)
	}
	return wide
}
