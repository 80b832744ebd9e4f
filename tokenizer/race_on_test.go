//go:build race

package tokenizer

// Under the race detector a sync.Pool drops what it is given now and then, to find more races.
const raceDetector = true
