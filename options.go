package rapt

// Options says which attention to compute. The zero value, and nil, is softmax(q·kᵀ/√d)·v over all keys.
//
// For query i and key j of one head, in this order, with p = QueryStart + i the query's position among the keys:
//
//	score = Scale · q_i·k_j
//	score = Softcap · tanh(score/Softcap)        if Softcap > 0
//	score = score + Bias − ALiBiSlopes·|p − j|   where given
//	score = ScoreFunc(score)                     where given
//	visible iff all of KeyLens, Causal, Window, Chunk, Segments, Mask, MaskFunc, Layout let it be, and score is not −Inf
//	lse    = ln(Σ exp(score) + exp(Sinks))       over the visible keys
//	weight = exp(score − lse)
//	out_i  = Σ weight·v_j
//
// A query that sees no key has output 0 and lse −Inf (with a sink: the sink's logit). What is invisible is not read: a
// NaN there reaches nobody. A NaN in what is visible comes out in the rows that see it, and in no others.
//
// All options combine.
type Options struct {
	// Scale multiplies q·k; 0 means 1/√d with d the width of q's heads.
	Scale float32

	// Softcap c > 0 bends a scaled score s to c·tanh(s/c), before bias and mask (Gemma 2). 0 is off.
	Softcap float32

	// QueryStart is the position of query 0 among the keys. It moves Causal, Window, Chunk and ALiBiSlopes, and may be
	// negative. With as many queries as keys it is 0. For the last queries of a longer sequence it is keys − queries.
	// QueryStarts, if not nil, gives each sequence its own, and QueryStart is then not used.
	QueryStart  int
	QueryStarts []int // [batch]

	// Causal hides later keys: key j is visible to query i iff j ≤ QueryStart + i. For 2 queries and 4 keys:
	//
	//	QueryStart 0      QueryStart 2
	//	1 0 0 0           1 1 1 0
	//	1 1 0 0           1 1 1 1
	Causal bool

	// Window hides distant keys; nil shows them.
	Window *Window

	// Chunk c > 0 shows a query the keys of its own chunk of c positions alone: ⌊p/c⌋ = ⌊j/c⌋ (Llama 4). 0 is off.
	Chunk int

	// KeyLens says how many keys each sequence has; later ones are padding and are not read. nil: all.
	KeyLens []int // [batch]

	// QueryOffsets makes the batch ragged: q and out have Batch 1 and hold the sequences one behind another; sequence b is
	// positions QueryOffsets[b], …, QueryOffsets[b+1]−1. KeyOffsets does so for k and v. Either may be given without the
	// other. With KeyLens a sequence uses only the first of the keys between its offsets, so that gaps may lie between.
	QueryOffsets, KeyOffsets []int // [batch+1]

	// PageTables, one for each sequence, say where its keys are when k and v are pages: [pages][positions of a page]
	// [kvHeads][dim]. Key j lies in page PageTables[b][j/k.Seq] at position j%k.Seq. KeyLens must be given too. A negative
	// number stands for a page that isn't there any more; no query may see one of its keys. See Cache.
	PageTables [][]int // [batch][pages of the sequence]

	// QuerySegments and KeySegments, given together, number the texts that share a sequence: a query sees the keys of its
	// own number. They follow the layout of q and k: [batch][seq], or [total] where ragged.
	QuerySegments, KeySegments []int32

	// Mask keeps a key where it is true; without Data all are kept.
	Mask Grid[bool]

	// MaskFunc, if not nil, clears keep[n] where key at.FirstKey+n is invisible to the query; keep comes filled with true.
	// It is called from several goroutines, once for every query, head and block of keys that the other options leave.
	MaskFunc func(keep []bool, at Segment)

	// Layout, if not nil, says for whole blocks of queries and keys that they are hidden, and skips them.
	Layout *Layout

	// Bias is added to the scores; −Inf makes a key invisible. Without Data nothing is added.
	Bias Grid[float32]

	// ALiBiSlopes, one per query head, subtract slope·|p − j| from the scores (Press et al. 2022).
	ALiBiSlopes []float32 // [query heads]

	// ScoreFunc, if not nil, changes scores in place, after all other steps but the masks; −Inf makes a key invisible. It
	// is called like MaskFunc.
	ScoreFunc func(scores []float32, at Segment)

	// Sinks, one logit per query head, join the maximum and the denominator of the softmax but have no value: rows of
	// weights then sum to less than 1 (as in gpt-oss).
	Sinks []float32 // [query heads]

	// LSE, if not nil, receives the natural logarithm of each row's softmax denominator, the sink included. The layout is
	// [batch][query heads][queries], or [query heads][total] with QueryOffsets.
	LSE []float32

	// Threads bounds the goroutines that work on a call; 0 is GOMAXPROCS. The result doesn't depend on it, to the bit.
	Threads int
}

// defaults stands in where no options are given.
var defaults Options

// Open leaves a side of a Window unbounded.
const Open = -1

// A Window shows the query at position p the keys from p−Left to p+Right. Left and Right count the keys beside the
// query's own, so that {0, 0} is the own key alone; Open (or any negative number) is no bound on that side.
type Window struct{ Left, Right int }

// A Segment is a stretch of one row of scores: those of a query, by its index in its sequence, for the keys from FirstKey
// on.
type Segment struct{ Batch, Head, Query, FirstKey int }

// A Grid gives a value for every (batch, query head, query, key): Data[b·BatchStride + h·HeadStride + i·QueryStride +
// j·KeyStride]. A stride of 0 repeats the same values along that axis. In a ragged batch i and j count within a sequence.
type Grid[T bool | float32] struct {
	Data []T

	BatchStride, HeadStride, QueryStride, KeyStride int // in elements
}

// Broadcast is the Grid of data of shape [batch][heads][queries][keys], where any length may be 1 and then stands for
// all along its axis.
func Broadcast[T bool | float32](data []T, batch, heads, queries, keys int) Grid[T] {
	g := Grid[T]{Data: data}
	stride := 1
	for _, axis := range []struct {
		length int
		stride *int
	}{{keys, &g.KeyStride}, {queries, &g.QueryStride}, {heads, &g.HeadStride}, {batch, &g.BatchStride}} {
		if axis.length != 1 {
			*axis.stride = stride
		}
		stride *= axis.length
	}
	return g
}
