package rapt

// Attend computes attention of every query of q over the keys k and values v into out. Shapes, with q.Heads a multiple
// of k.Heads (grouped heads: query head h reads key head h / (q.Heads/k.Heads)):
//
//	q   [batch][queries][heads][dim]      k [batch][keys][kvHeads][dim]
//	out [batch][queries][heads][valueDim] v [batch][keys][kvHeads][valueDim]
//
// The caller owns out; it must not overlap the inputs. An error names the argument that doesn't fit; out is then
// untouched.
func Attend[T Element](out, q, k, v Tensor[T], o *Options) error {
	panic("TODO")
}

// Weights writes the weights of the queries in rows (nil: all, in order) into dst.
func Weights[T Element](dst []float32, q, k Tensor[T], rows []int, o *Options) error {
	panic("TODO")
}
