package main

import (
	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/npy"
)

// statsArrays is the content of the file of --stats.
func statsArrays(s *rapt.Stats, a *attendInputs) (names []string, arrays []*npy.Array) {
	q, keys := a.q.tensor, a.k.tensor.Seq
	add := func(name string, data any, shape ...int) {
		names = append(names, name)
		arrays = append(arrays, &npy.Array{Shape: shape, Data: data})
	}
	for _, x := range []struct {
		name string
		data any
	}{{"entropy", s.Entropy}, {"max_weight", s.MaxWeight}, {"argmax", s.ArgMax}, {"distance", s.Distance}, {"lse", s.LSE}} {
		add(x.name, x.data, q.Batch, q.Heads, q.Seq)
	}
	add("topk_index", s.TopIndex, q.Batch, q.Heads, q.Seq, s.TopK)
	add("topk_weight", s.TopWeight, q.Batch, q.Heads, q.Seq, s.TopK)
	add("received", s.Received, q.Batch, q.Heads, keys)
	add("max_received", s.MaxReceived, q.Batch, q.Heads, keys)
	add("argmax_received", s.ArgMaxReceived, q.Batch, q.Heads, keys)
	edges := make([]int64, len(s.OffsetBins))
	for i, edge := range s.OffsetBins {
		edges[i] = int64(edge)
	}
	add("offset_bins", edges, len(edges))
	add("offset_mass", s.OffsetMass, q.Batch, q.Heads, len(edges)-1)
	add("pooled_mean", s.PooledMean, q.Batch, q.Heads, s.PooledRows, s.PooledCols)
	add("pooled_max", s.PooledMax, q.Batch, q.Heads, s.PooledRows, s.PooledCols)
	return names, arrays
}
