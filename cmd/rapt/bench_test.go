package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
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
		peak := 5 * 4e-3 // the bursts of measure.Peak
		if c.Bytes > 0 {
			peak = 3 * 20e-3 // of measure.ReadRate
		}
		call := max(c.Flops/50e9, c.Bytes/5e9)
		seconds += 2 * (2*call + float64(quickEffort.Rounds)*(peak+call+max(call, quickEffort.Round.Seconds())))
	}
	if seconds > 30 || len(quick) < 10 || quickEffort.Round >= effort.Round {
		t.Errorf("--quick runs %d cases for about %.0f s", len(quick), seconds)
	}
}

// TestBenchCases holds the plan against the shapes that rivals are compared on.
func TestBenchCases(t *testing.T) {
	for pattern, want := range map[string]int{
		`^full/d(64|128)/s(512|1024|4096)/h8$`:          6,
		`^full/d(64|128)/s16384/h1$`:                    2,
		`^causal/d(64|128)/s(1024|4096)/h8$`:            4,
		`^causal/d128/s1024/h32:8$`:                     1,
		`^(mask|bias)/d64/s1024/h8$`:                    2,
		`^padding/d64/s4096/h8$`:                        1,
		`^short/d(64|32)/s128/h12/b32$`:                 2,
		`^short/d32/s9/h12$`:                            1,
		`^width/d(40|80|96|111|256)/s1024/h8$`:          5,
		`^decode/d128/s(4096|16384|65536)/h32:8(/b8)?$`: 6,
		`^decode/d128/s65536/h32:8/b8$|^short/d32/s9/`:  2,
	} {
		cases, _, _, err := (&benchFlags{cases: pattern}).plan()
		if err != nil || len(cases) != want {
			t.Errorf("--case %s leaves %d cases, expected %d: %v", pattern, len(cases), want, err)
		}
	}
}

// TestBenchJSON decodes what scripts read, and knows all fields.
func TestBenchJSON(t *testing.T) {
	var stdout, stderr bytes.Buffer
	f := benchFlags{cases: "^short/d32/s9/|^decode/d128/s4096/h32:8$", quick: true, json: true}
	if err := f.run(t.Context(), &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	type one struct {
		Name    string   `json:"name"`
		Threads int      `json:"threads"`
		Seconds float64  `json:"seconds"`
		GFLOPS  *float64 `json:"gflops"`
		Read    *float64 `json:"gb_per_s"`
		Share   float64  `json:"share"`
	}
	var b struct {
		CPU     string `json:"cpu"`
		Kernels string `json:"kernels"`
		Threads int    `json:"threads"`
		Peak    struct {
			GFLOPS float64 `json:"f32_gflops_per_thread"`
			Read   float64 `json:"read_gb_per_s"`
		} `json:"peak"`
		Cases []one `json:"cases"`
	}
	dec := json.NewDecoder(&stdout)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		t.Fatal(err)
	}
	if b.CPU == "" || b.Kernels == "" || b.Threads < 1 || b.Peak.GFLOPS <= 0 || b.Peak.Read <= 0 || len(b.Cases) < 2 || stderr.Len() > 0 {
		t.Errorf("%+v; stderr %q", b, &stderr)
	}
	for _, c := range b.Cases {
		reads := strings.HasPrefix(c.Name, "decode/")
		if c.Threads < 1 || c.Seconds <= 0 || c.Share <= 0 || (c.Read != nil) != reads || (c.GFLOPS != nil) == reads {
			t.Errorf("%+v", c)
		}
	}
}

func TestBenchInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	f := benchFlags{cases: "^short/d32/s9/", json: true}
	if err := f.run(ctx, &stdout, &stderr); !errors.Is(err, errInterrupted) || stdout.Len() > 0 {
		t.Errorf("error %v, expected %v; printed %q", err, errInterrupted, &stdout)
	}
}

func TestProcField(t *testing.T) {
	file := filepath.Join(t.TempDir(), "info")
	if err := os.WriteFile(file, []byte("processor\t: 0\nmodel name\t: A: fast one \n\nmodel name\t: another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if name, ok := procField(file, "model name"); !ok || name != "A: fast one" {
		t.Errorf("model name is %q", name)
	}
	if name, ok := procField(file, "model"); ok {
		t.Errorf("there is no field model, found %q", name)
	}
	if _, ok := procField(file+"s", "model name"); ok {
		t.Error("a file that isn't there has a field")
	}
}
