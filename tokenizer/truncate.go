package tokenizer

import "fmt"

// Strategy says which of two texts truncation cuts.
type Strategy int

// With one text LongestFirst and OnlyFirst are the same, and OnlySecond is an error when something has to be cut.
const (
	LongestFirst Strategy = iota // the longer one, then both to half of the room each
	OnlyFirst                    // the first one; an error if not a token of it would be left
	OnlySecond                   // the second one; likewise
)

func (s Strategy) String() string {
	switch s {
	case LongestFirst:
		return "longest_first"
	case OnlyFirst:
		return "only_first"
	case OnlySecond:
		return "only_second"
	}
	return fmt.Sprintf("Strategy(%d)", int(s))
}

// A Truncation is what a tokenizer.json says about truncation.
type Truncation struct {
	MaxLen   int
	Strategy Strategy
	Stride   int // tokens shared by the windows of a long text; this package gives the first window only
	Left     bool
}

// A Padding is what a tokenizer.json says about padding.
type Padding struct {
	Len        int // 0: as long as the longest of a batch
	MultipleOf int // 0: any length
	Left       bool
	ID, TypeID int
	Token      string
}

// Truncation returns what the file says about truncation, ok false if nothing. Encode applies it only if asked:
//
//	if tr, ok := t.Truncation(); ok {
//		o.MaxLen, o.Strategy, o.TruncateLeft = tr.MaxLen, tr.Strategy, tr.Left
//	}
func (t *Tokenizer) Truncation() (tr Truncation, ok bool) {
	if t.truncation == nil {
		return Truncation{}, false
	}
	return *t.truncation, true
}

// Padding returns what the file says about padding, ok false if nothing. Encode never pads.
func (t *Tokenizer) Padding() (p Padding, ok bool) {
	if t.padding == nil {
		return Padding{}, false
	}
	return *t.padding, true
}

func parseTruncation(n node) (*Truncation, error) {
	if n.kind == nullKind {
		return nil, nil
	}
	f := n.fields("truncation")
	t := &Truncation{
		MaxLen:   f.int("max_length", 0),
		Strategy: Strategy(f.choice("strategy", "LongestFirst", "OnlyFirst", "OnlySecond")),
		Stride:   f.int("stride", 0),
	}
	if f.take("direction").kind != nullKind {
		t.Left = f.choice("direction", "Right", "Left") == 1
	}
	return t, f.end()
}

func parsePadding(n node) (*Padding, error) {
	if n.kind == nullKind {
		return nil, nil
	}
	f := n.fields("padding")
	p := &Padding{
		Left:   f.choice("direction", "Right", "Left") == 1,
		ID:     f.int("pad_id", 0),
		TypeID: f.int("pad_type_id", 0),
		Token:  f.string("pad_token"),
	}
	if f.take("pad_to_multiple_of").kind != nullKind {
		p.MultipleOf = f.int("pad_to_multiple_of", 0)
	}
	if s := f.take("strategy"); s.kind == stringKind {
		f.choice("strategy", "BatchLongest")
	} else {
		fixed := s.fields("padding.strategy")
		p.Len = fixed.int("Fixed", 0)
		if err := fixed.end(); err != nil {
			return nil, err
		}
	}
	return p, f.end()
}

// truncate lowers the lengths of one text or two until they fit with the special tokens of the template.
func (o *Options) truncate(lens []int, template []templatePiece) error {
	if o.Strategy < LongestFirst || o.Strategy > OnlySecond {
		return fmt.Errorf("Strategy is %d, expected LongestFirst, OnlyFirst or OnlySecond", int(o.Strategy))
	}
	if o.MaxLen < 0 {
		return fmt.Errorf("MaxLen is %d, expected at least 0", o.MaxLen)
	}
	if o.MaxLen == 0 {
		return nil
	}
	room := o.MaxLen
	if !o.NoSpecial {
		if room -= countSpecial(template); room < 0 {
			return fmt.Errorf("MaxLen is %d, but there are %d special tokens", o.MaxLen, o.MaxLen-room)
		}
	}
	return o.fit(lens, room)
}

// fit lowers the lengths of one text or two until their sum is at most room.
func (o *Options) fit(lens []int, room int) error {
	if room == 0 {
		clear(lens)
		return nil
	}
	sum := 0
	for _, n := range lens {
		sum += n
	}
	if sum <= room {
		return nil
	}
	if o.Strategy == LongestFirst {
		fitLongest(lens, room)
		return nil
	}
	i := int(o.Strategy - OnlyFirst)
	if i >= len(lens) {
		return fmt.Errorf("%d tokens are to be cut off the second text, but there is none", sum-room)
	}
	if lens[i] <= sum-room {
		return fmt.Errorf("%s can't cut %d tokens off a text of %d", o.Strategy, sum-room, lens[i])
	}
	lens[i] -= sum - room
	return nil
}

// fitLongest cuts the longer text down to the length of the shorter one, and if that isn't enough both to half of the
// room. An odd token goes to the first text only if it was the longer one.
func fitLongest(lens []int, room int) {
	if len(lens) == 1 {
		lens[0] = room
		return
	}
	short, long := 0, 1
	if lens[0] > lens[1] {
		short, long = 1, 0
	}
	if lens[long] = max(lens[short], room-lens[short]); lens[short]+lens[long] > room {
		lens[short] = room / 2
		lens[long] = room - room/2
	}
}

// kept returns the n tokens that truncation leaves.
func kept[T any](tokens []T, n int, left bool) []T {
	if left {
		return tokens[len(tokens)-n:]
	}
	return tokens[:n]
}
