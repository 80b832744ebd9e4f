package main

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/npy"
)

// statsArrays is the content of a file of statistics. Its arrays begin with two axes: batch and heads, or layers and heads.
func statsArrays(s *rapt.Stats, outer [2]int, queries, keys int) (names []string, arrays []*npy.Array) {
	add := func(name string, data any, shape ...int) {
		names = append(names, name)
		arrays = append(arrays, &npy.Array{Shape: append(outer[:], shape...), Data: data})
	}
	for _, x := range []struct {
		name string
		data any
	}{{"entropy", s.Entropy}, {"max_weight", s.MaxWeight}, {"argmax", s.ArgMax}, {"distance", s.Distance}, {"lse", s.LSE}} {
		add(x.name, x.data, queries)
	}
	add("topk_index", s.TopIndex, queries, s.TopK)
	add("topk_weight", s.TopWeight, queries, s.TopK)
	if s.ClassMass != nil {
		add("class_mass", s.ClassMass, queries, 8)
	}
	add("received", s.Received, keys)
	add("max_received", s.MaxReceived, keys)
	add("argmax_received", s.ArgMaxReceived, keys)
	edges := make([]int64, len(s.OffsetBins))
	for i, edge := range s.OffsetBins {
		edges[i] = int64(edge)
	}
	names, arrays = append(names, "offset_bins"), append(arrays, &npy.Array{Shape: []int{len(edges)}, Data: edges})
	add("offset_mass", s.OffsetMass, len(edges)-1)
	add("pooled_mean", s.PooledMean, s.PooledRows, s.PooledCols)
	add("pooled_max", s.PooledMax, s.PooledRows, s.PooledCols)
	return names, arrays
}

// newStats is room for the statistics that are asked for.
func (a *attendInputs) newStats() *rapt.Stats {
	q := a.q.tensor
	s := rapt.NewStats(q.Batch, q.Heads, q.Seq, a.k.tensor.Seq, a.options.QueryStart)
	if a.classes != nil {
		s.KeyClasses, s.ClassMass = a.classes, make([]float32, q.Batch*q.Heads*q.Seq*8)
	}
	return s
}

// readClasses reads the classes of the keys, if there are any: of shape (batch, keys), or (keys,) for all sequences.
func (f *attendFlags) readClasses(a *attendInputs) ([]uint8, error) {
	if f.classes == "" {
		return nil, nil
	}
	array, err := npy.ReadFile(f.classes)
	if err != nil {
		return nil, fmt.Errorf("--classes: %w", err)
	}
	classes, ok := array.Data.([]uint8)
	if !ok {
		return nil, fmt.Errorf("--classes %s is %s, expected uint8, a bit for each class", f.classes, array.DType())
	}
	batch, keys := a.k.tensor.Batch, a.k.tensor.Seq
	switch {
	case slices.Equal(array.Shape, []int{batch, keys}):
		return classes, nil
	case slices.Equal(array.Shape, []int{keys}):
		return slices.Repeat(classes, batch), nil
	}
	return nil, fmt.Errorf("--classes %s has shape %s, expected %s or (%d,), a number for each key",
		f.classes, tuple(array.Shape), tuple([]int{batch, keys}), keys)
}
