package main

import (
	"testing"
)

// TestBenchPlan says that --quick stays bounded: what it leaves takes less than half a minute on a machine of 100 GFLOP/s
// a thread.
func TestBenchPlan(t *testing.T) {
	all, threads, effort, err := (&benchFlags{}).plan()
	if err != nil || len(all) < 25 || threads[0] != 1 {
		t.Fatalf("%d cases on %v threads: %v", len(all), threads, err)
	}
	quick, _, quickEffort, err := (&benchFlags{quick: true}).plan()
	if err != nil {
		t.Fatal(err)
	}
	seconds := 0.0
	for _, c := range quick {
		call := max(c.Flops/50e9, c.Bytes/5e9)
		seconds += 2 * (2*call + float64(quickEffort.Rounds)*(call+max(call, quickEffort.Round.Seconds())))
	}
	if seconds > 30 || len(quick) < 10 || quickEffort.Round >= effort.Round {
		t.Errorf("--quick runs %d cases for about %.0f s", len(quick), seconds)
	}
}
