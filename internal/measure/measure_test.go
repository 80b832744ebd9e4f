package measure

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// TestRun measures the smallest case.
func TestRun(t *testing.T) {
	for _, c := range Cases() {
		if c.Name != "short/d32/s9/h12" {
			continue
		}
		for _, threads := range []int{1, 2} {
			r, err := Run(t.Context(), c, threads, Effort{Rounds: 2, Round: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if r.Seconds <= 0 || r.Share <= 0 || r.Share > 1.05 || r.Memory || r.Threads != threads {
				t.Errorf("%+v", r)
			}
			if work := r.Rate * r.Seconds; work < c.Flops*0.999 || work > c.Flops*1.001 {
				t.Errorf("rate × seconds is %v, expected the work, %v", work, c.Flops)
			}
		}
		return
	}
	t.Fatal("there is no case short/d32/s9/h12")
}

func TestRunEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(ctx, Cases()[0], 1, Effort{Rounds: 1000, Round: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// TestCases holds names apart and the work of a few cases against a count by hand.
func TestCases(t *testing.T) {
	flops := map[string]float64{
		"full/d64/s1024/h8":      4 * 8 * 64 * 1024 * 1024,
		"causal/d64/s1024/h8":    4 * 8 * 64 * 1024 * 1025 / 2,
		"padding/d64/s4096/h8":   4 * 8 * 64 * 4096 * 2867,
		"short/d64/s128/h12/b32": 4 * 32 * 12 * 64 * 128 * 128,
	}
	seen := map[string]bool{}
	for _, c := range Cases() {
		if seen[c.Name] {
			t.Errorf("two cases are called %s", c.Name)
		}
		seen[c.Name] = true
		if want, ok := flops[c.Name]; ok && c.Flops != want {
			t.Errorf("%s: %v operations, expected %v", c.Name, c.Flops, want)
		}
		if decode := strings.HasPrefix(c.Name, "decode/"); decode != (c.Bytes > 0) {
			t.Errorf("%s counts %v bytes", c.Name, c.Bytes)
		}
	}
	for name := range flops {
		if !seen[name] {
			t.Errorf("there is no case %s", name)
		}
	}
}
