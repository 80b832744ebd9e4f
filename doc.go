// Package rapt computes scaled dot-product attention, exactly, on the CPU, without ever storing the N×N weights.
//
//	out, q, k, v := rapt.Dense(…)
//	err := rapt.Attend(out, q, k, v, &rapt.Options{Causal: true})
//
// Use [Attend] for the output, [Weights] for rows of the attention weights themselves and [WeightsWindow] for rectangles,
// [Statistics] for what all of them are like. [Tensor] describes the inputs, [Options] which attention it is. The same operation as plain loops in float64 is package textbook; whole models are in
// package model.
//
// The order of operations is: scale → softcap → bias and mask → max (with sinks) → exp and sum (with sinks) → weighted
// sum → divide. The formulas, and what happens to rows that see no key, stand at [Options].
//
// # How it works
//
// Keys and values are taken in blocks of 512. For each block a few queries at a time get their scores, whose exponentials
// against the largest score so far multiply the values, while the sums found earlier are scaled down when a larger score
// turns up: the online softmax of Milakov and Gimelshein (2018), tiled as in FlashAttention (Dao et al. 2022). Blocks
// that no query of a tile can see are skipped. Memory beyond the arguments is a few megabytes a thread.
//
// Functions return an error that names the argument for shapes that don't fit; they don't panic, and they may be called
// from many goroutines at once.
package rapt
