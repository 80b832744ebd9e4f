package model

import "slices"

// kthLargest is the TopK-th largest of scores: the root of a heap of the TopK largest so far, in which no number is
// greater than its children's.
func (s *Sampler) kthLargest(scores []float32) float32 {
	heap := append(s.largest[:0], scores[:s.sampling.TopK]...)
	s.largest = heap
	for i := len(heap)/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
	for _, x := range scores[s.sampling.TopK:] {
		if x > heap[0] {
			heap[0] = x
			sink(heap, 0)
		}
	}
	return heap[0]
}

// sink moves heap[i] down to where none of its children is smaller.
func sink(heap []float32, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && heap[child+1] < heap[child] {
			child++
		}
		if heap[i] <= heap[child] {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// The candidates are put into bins by their distance from the likeliest: 32 a nat, and the last for all beyond 64 nats.
const binsPerNat, numBins = 32, 64*32 + 1

func (s *Sampler) binOf(score, top float32) int {
	nats := (float64(top) - float64(score)) / s.sampling.Temperature
	return int(min(float64(nats*binsPerNat), numBins-1))
}

// keepNucleus keeps the likeliest candidates, as few as weigh mass together. Bins tell near which distance from top, the
// largest score, the nucleus ends; only the candidates there are sorted.
func (s *Sampler) keepNucleus(top float32, mass float64) {
	if s.bins == nil {
		s.bins = make([]float64, numBins)
	}
	clear(s.bins)
	for _, c := range s.kept {
		s.bins[s.binOf(c.score, top)] += c.weight
	}
	bin, above := 0, 0.0
	for bin < numBins-1 && above+s.bins[bin] < mass {
		above += s.bins[bin]
		bin++
	}
	s.edge = s.edge[:0]
	for _, c := range s.kept {
		if s.binOf(c.score, top) == bin {
			s.edge = append(s.edge, c)
		}
	}
	if len(s.edge) == 0 { // all candidates, by rounding
		return
	}
	slices.SortFunc(s.edge, likelierFirst)
	last := s.edge[0]
	for _, c := range s.edge {
		if above >= mass {
			break
		}
		above += c.weight
		last = c
	}
	s.keep(func(c candidate) bool { return likelierFirst(c, last) <= 0 })
}

// keep leaves out the candidates that a condition isn't true of.
func (s *Sampler) keep(condition func(candidate) bool) {
	n := 0
	for _, c := range s.kept {
		if condition(c) {
			s.kept[n] = c
			n++
		}
	}
	s.kept = s.kept[:n]
}
