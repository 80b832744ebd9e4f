package web

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rapt-go/rapt"
)

// mostTops is how many of the largest weights a file has at most, of all queries of all heads together: some 12 MB.
const mostTops = 1 << 22

// A tops is the largest weights of each query in the heads of a layer.
type tops struct {
	index  []int32   // [head][query][k]; −1: there are no more
	weight []float32 // [head][query][k]
}

// topsKept is how many of its largest weights a file has of each of n queries in every head, of the 8 that a survey knows.
// It is an error if there is no room for one.
func topsKept(heads, n int) (int, error) {
	if heads*n > mostTops {
		return 0, fmt.Errorf("a file has a weight of each token in each head, which of %d tokens in %d heads are %d; expected %d at most", n, heads, heads*n, mostTops)
	}
	return min(8, mostTops/max(heads*n, 1)), nil
}

// takeTops copies the keep largest ones of each query.
func takeTops(st *rapt.Stats, keep int) tops {
	var t tops
	for at := 0; at < len(st.TopIndex); at += st.TopK {
		t.index = append(t.index, st.TopIndex[at:at+keep]...)
		t.weight = append(t.weight, st.TopWeight[at:at+keep]...)
	}
	return t
}

// A surveyFile is what the file of a survey has beside the page. In each layer are blocks of the heads' shares and maxima of
// segments, what keys receive, and the largest weights of queries with their keys.
type surveyFile struct {
	*summary
	Start    string `json:"start"`    // the address to start with
	Maps     code   `json:"maps"`     // of shares, maxima and the largest weights
	Received code   `json:"received"` // of what keys receive
	Tops     int    `json:"tops"`     // weights of each query
}

// WriteFile writes the page with the survey in it, as one HTML file that works without a network. Single weights that it has
// are the largest of each query, as many as find room.
func (r *Survey) WriteFile(_ context.Context, w io.Writer) error {
	if r.tops == nil {
		return errors.New("the survey wasn't taken for a file")
	}
	data := surveyFile{summary: r.summarise(true), Start: r.Address, Maps: code{Kind: "digits"}, Received: code{Kind: "figures"}, Tops: r.kept}
	cells, rows := r.NumHeads*len(r.Segments)*len(r.Segments), r.NumHeads*len(r.Names)
	var blocks []block
	for l := range r.NumLayers {
		blocks = append(blocks,
			block{"share", l, data.Maps.pack(part(r.Maps.Weights, l, cells))},
			block{"max", l, data.Maps.pack(part(r.most, l, cells))},
			block{"received", l, data.Received.pack(part(r.received, l, rows))},
			block{"index", l, squeeze(packIndices(r.tops[l].index))},
			block{"weight", l, data.Maps.pack(r.tops[l].weight)})
	}
	return writeDocument(w, r.Text, &data, blocks)
}

// packIndices are keys plus 1, first all low bytes, then the middle and the high ones.
func packIndices(keys []int32) []byte {
	n := len(keys)
	raw := make([]byte, 3*n)
	for i, key := range keys {
		u := uint32(key + 1)
		raw[i], raw[n+i], raw[2*n+i] = byte(u), byte(u>>8), byte(u>>16)
	}
	return raw
}
