package web

import (
	"encoding/base64"
	"math"
	"runtime"
	"sync"
)

// thumbs are small pictures of all maps: size × size bytes each, the square root of value/top of the head.
type thumbs struct {
	Size int    `json:"size"`
	Data string `json:"data"` // base64, [layer][head][size][size]
}

// maxThumb is the side of the largest thumbnail; larger maps are pooled by their maxima, so that a diagonal stays one.
const maxThumb = 24

// similarHeads is how many similar heads a summary has of each.
const similarHeads = 3

// maxSimilarTokens is the longest text for which every head is compared with every other.
const maxSimilarTokens = 128

// similar has the heads most like each one. The divergence of two heads is computed once, on all processors.
func (r *Run) similar() [][]headScore {
	heads := r.View.Heads()
	n := len(heads)
	divergences := make([]float64, n*n)
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wait.Go(func() {
			for a := w; a < n; a += workers {
				for b := a + 1; b < n; b++ {
					d := r.View.Divergence(heads[a], heads[b])
					divergences[a*n+b], divergences[b*n+a] = d, d
				}
			}
		})
	}
	wait.Wait()
	similar := make([][]headScore, n)
	for a := range heads {
		similar[a] = []headScore{}
		for b, h := range heads {
			if a != b {
				similar[a] = insert(similar[a], headScore{h.Layer, h.Head, divergences[a*n+b]})
			}
		}
	}
	return similar
}

// insert keeps the few heads with the smallest score, in order.
func insert(best []headScore, h headScore) []headScore {
	at := len(best)
	for at > 0 && best[at-1].Score > h.Score {
		at--
	}
	if at == similarHeads {
		return best
	}
	best = append(best, headScore{})
	copy(best[at+1:], best[at:])
	best[at] = h
	return best[:min(len(best), similarHeads)]
}

func (r *Run) thumbnails() thumbs {
	n := r.Map.KeyLen
	size := min(n, maxThumb)
	var data []byte
	for l := range r.Map.NumLayers {
		for h := range r.Map.NumHeads {
			data = append(data, thumbnail(r.Map.Map(l, h), n, size)...)
		}
	}
	return thumbs{size, base64.StdEncoding.EncodeToString(data)}
}

// thumbnail pools a map of n × n to size × size.
func thumbnail(m []float32, n, size int) []byte {
	pooled := make([]float32, size*size)
	for i := range n {
		for j := range n {
			at := i*size/n*size + j*size/n
			pooled[at] = max(pooled[at], m[i*n+j])
		}
	}
	top := max(largest(pooled), math.SmallestNonzeroFloat32)
	small := make([]byte, len(pooled))
	for i, v := range pooled {
		small[i] = byte(255*math.Sqrt(float64(max(v, 0)/top)) + .5)
	}
	return small
}
