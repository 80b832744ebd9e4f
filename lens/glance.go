package lens

import "github.com/rapt-go/rapt/model"

// PickGlance is the head of a look to show first: the one, of the layers from first to last, with the largest weight on a key that is neither
// the first token nor one of the last two, the one that looks and the one before it. There many heads look whatever the
// text says. Where there is no such key any counts; of equal heads the first is picked.
func PickGlance(l *model.Look, first, last int) Head {
	telling := func(key int32) bool { return key > 0 && int(key) < l.Query-1 }
	if l.Query < 3 {
		telling = func(int32) bool { return true }
	}
	pick, best := Head{Layer: first}, float32(0)
	for layer := first; layer <= last; layer++ {
		for head := range l.NumHeads {
			keys, weights, _ := l.Head(layer, head)
			for i, key := range keys {
				if telling(key) {
					if weights[i] > best {
						pick, best = Head{layer, head}, weights[i]
					}
					break // the others of this head are smaller
				}
			}
		}
	}
	return pick
}
