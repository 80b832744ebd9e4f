//go:build !race

package rapt_test

const raceDetector = false
