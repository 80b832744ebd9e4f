package model

// A State is what a causal model keeps of one sequence.
type State struct {
	len     int
	planned int
}
