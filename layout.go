package rapt

import "fmt"

// A Cover says what of a block of queries and keys is visible.
type Cover uint8

const (
	Partly Cover = iota // what Mask, MaskFunc and the other options say
	Hidden              // nothing
	Fully               // all that options other than MaskFunc leave; MaskFunc isn't asked
)

// A Layout is a block-sparse mask: for blocks of QueryBlock queries by KeyBlock keys, Blocks[b·BatchStride +
// h·HeadStride + (i/QueryBlock)·(number of key blocks) + j/KeyBlock]. A stride of 0 repeats it. The last block of an axis
// may reach beyond its end.
type Layout struct {
	QueryBlock, KeyBlock int
	Blocks               []Cover

	BatchStride, HeadStride int // in elements
}

// NewLayout asks f about every query and key of one head, of which there are queries and keys, and keeps what that means
// for whole blocks. f is as Options.MaskFunc. The layout serves all sequences and heads; it is to be used together with f.
func NewLayout(queries, keys, queryBlock, keyBlock int, f func(keep []bool, at Segment)) (*Layout, error) {
	if queryBlock <= 0 || keyBlock <= 0 {
		return nil, fmt.Errorf("rapt: blocks of %d queries and %d keys; both must be positive", queryBlock, keyBlock)
	}
	l := &Layout{QueryBlock: queryBlock, KeyBlock: keyBlock}
	columns := blocks(keys, keyBlock)
	l.Blocks = make([]Cover, blocks(queries, queryBlock)*columns)
	seen := make([]int, len(l.Blocks))
	keep := make([]bool, keys)
	for i := range queries {
		for j := range keep {
			keep[j] = true
		}
		f(keep, Segment{Query: i})
		for j, kept := range keep {
			if kept {
				seen[i/queryBlock*columns+j/keyBlock]++
			}
		}
	}
	for n := range l.Blocks {
		height := min(queryBlock, queries-n/columns*queryBlock)
		width := min(keyBlock, keys-n%columns*keyBlock)
		switch seen[n] {
		case 0:
			l.Blocks[n] = Hidden
		case height * width:
			l.Blocks[n] = Fully
		}
	}
	return l, nil
}

func blocks(n, size int) int { return (n + size - 1) / size }

// cover is what the layout says of query i and key j, and the first key behind that block.
func (l *Layout) cover(s *shape, b, h, i, j int) (c Cover, end int) {
	row := i / l.QueryBlock * blocks(s.keys, l.KeyBlock)
	return l.Blocks[b*l.BatchStride+h*l.HeadStride+row+j/l.KeyBlock], (j/l.KeyBlock + 1) * l.KeyBlock
}

// check says what is wrong with the layout for a call of shape s.
func (l *Layout) check(s *shape) error {
	switch {
	case l == nil:
		return nil
	case l.QueryBlock <= 0 || l.KeyBlock <= 0:
		return fmt.Errorf("rapt: Layout has blocks of %d queries and %d keys; both must be positive", l.QueryBlock, l.KeyBlock)
	case l.BatchStride < 0 || l.HeadStride < 0:
		return fmt.Errorf("rapt: Layout has strides %d and %d; they can't be negative", l.BatchStride, l.HeadStride)
	}
	lengths := [4]int{s.batch, s.heads, blocks(s.queries, l.QueryBlock), blocks(s.keys, l.KeyBlock)}
	need, ok := extent(lengths, [4]int{l.BatchStride, l.HeadStride, lengths[3], 1})
	if !ok || need > len(l.Blocks) {
		return fmt.Errorf("rapt: Layout has %d blocks, too few for [%d][%d][%d][%d] with strides %d, %d",
			len(l.Blocks), lengths[0], lengths[1], lengths[2], lengths[3], l.BatchStride, l.HeadStride)
	}
	return nil
}
