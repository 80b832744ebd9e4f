package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/internal/kernel"
	"github.com/rapt-go/rapt/internal/measure"
)

type benchFlags struct {
	cases   string
	threads int
	quick   bool
	json    bool
}

func newBenchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what share of this machine's peak the kernels reach",
		Long: `Bench runs attention on many shapes, on one thread and on all, and compares
with what the machine can do at all, measured in between: the multiply-add peak,
or, for decoding, the rate at which memory is read (more than that means that
the keys fit a cache). Only useful work counts: visible pairs of query and key,
every byte of keys and values once. A time is the best of the rounds' medians; a
share is of the peak of its own round, and the median of the rounds.

A case is called kind/d<width>/s<keys>/h<heads>[:<key heads>][/b<batch>], or
model/… for the built-in model as a whole, on so many tokens, with all weights
returned (maps), or on texts of natural lengths.`,
		Example: `  rapt bench --quick
  rapt bench --case causal/d128 --json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.cases, "case", "", "only cases whose name this `REGEXP` matches")
	flags.IntVar(&f.threads, "threads", 0, "measure on so many threads alone (default: on one and on all)")
	flags.BoolVar(&f.quick, "quick", false, "fewer and shorter rounds, and no large cases: under 30 s")
	flags.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// quickWork is the most operations or bytes of a case that --quick runs: some 40 ms on one thread.
const quickWork = 8.5e9

// plan is the cases to run, on how many threads, and how long each.
func (f *benchFlags) plan() (cases []measure.Case, threads []int, effort measure.Effort, err error) {
	pattern, err := regexp.Compile(f.cases)
	if err != nil {
		return nil, nil, effort, usagef("--case: %w", err)
	}
	if f.threads < 0 || f.threads > 4*runtime.NumCPU() {
		return nil, nil, effort, usagef("--threads is %d, expected 1 to %d", f.threads, 4*runtime.NumCPU())
	}
	threads = []int{1}
	switch all := runtime.GOMAXPROCS(0); {
	case f.threads > 0:
		threads = []int{f.threads}
	case all > 1:
		threads = append(threads, all)
	}
	effort = measure.Effort{Rounds: 7, Round: 300 * time.Millisecond}
	if f.quick {
		effort = measure.Effort{Rounds: 3, Round: 40 * time.Millisecond}
	}
	for _, c := range append(measure.Cases(), modelCases()...) {
		if pattern.MatchString(c.Name) && !(f.quick && max(c.Flops, 8*c.Bytes) > quickWork) {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return nil, nil, effort, usagef("--case %s matches none of the cases", f.cases)
	}
	return cases, threads, effort, nil
}

func (f *benchFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	cases, threads, effort, err := f.plan()
	if err != nil {
		return err
	}
	table := stdout
	if f.json {
		table = io.Discard
	}
	b := bench{CPU: cpuName(), Kernels: kernel.Name(), Threads: threads[len(threads)-1], Cases: []benchCase{}}
	fmt.Fprintf(table, "%s · %s kernels · %s\n", b.CPU, b.Kernels, runtime.Version())
	for _, n := range threads {
		b.measurePeak(n)
		fmt.Fprintf(table, "%-11s %.0f GFLOP/s a thread, float32; memory read at %.1f GB/s\n", count(n, "thread")+":", b.Peak.GFLOPS, b.Peak.Read)
	}
	fmt.Fprintf(table, "\n%-28s %7s %11s %15s %7s\n", "case", "threads", "time", "rate", "share")
	for _, c := range cases {
		if free, known := freeMemory(); known && c.Bytes > free {
			fmt.Fprintf(stderr, "rapt: %s is left out: it takes %.1f GB of memory, and %.1f GB are free\n", c.Name, c.Bytes/1e9, free/1e9)
			continue
		}
		for _, n := range threads {
			r, err := runCase(ctx, c, n, effort)
			if err != nil {
				return err
			}
			b.add(r)
			b.Cases[len(b.Cases)-1].print(table)
		}
	}
	if f.json {
		return writeIndented(stdout, b)
	}
	return nil
}

// runCase measures a case on so many threads, which GOMAXPROCS is meanwhile: a model takes as many.
func runCase(ctx context.Context, c measure.Case, threads int, effort measure.Effort) (measure.Result, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	r, err := measure.Run(ctx, c, threads, effort)
	if ctx.Err() != nil {
		return r, errInterrupted
	}
	return r, err
}

// bench is the output of --json.
type bench struct {
	CPU     string `json:"cpu"`
	Kernels string `json:"kernels"`
	Threads int    `json:"threads"`
	Peak    struct {
		GFLOPS float64 `json:"f32_gflops_per_thread"`
		Read   float64 `json:"read_gb_per_s"`
	} `json:"peak"`
	Cases []benchCase `json:"cases"`
}

type benchCase struct {
	Name    string  `json:"name"`
	Threads int     `json:"threads"`
	Seconds float64 `json:"seconds"`
	GFLOPS  float64 `json:"gflops,omitempty"`
	Read    float64 `json:"gb_per_s,omitempty"`
	Share   float64 `json:"share"`
}

// measurePeak sets Peak to what so many threads reach together.
func (b *bench) measurePeak(threads int) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	b.Peak.GFLOPS = measure.Peak(threads) / 1e9 / float64(threads)
	b.Peak.Read = measure.ReadRate(threads) / 1e9
}

func (b *bench) add(r measure.Result) {
	c := benchCase{Name: r.Name, Threads: r.Threads, Seconds: r.Seconds, Share: r.Share}
	if r.Memory {
		c.Read = r.Rate / 1e9
	} else {
		c.GFLOPS = r.Rate / 1e9
	}
	b.Cases = append(b.Cases, c)
}

func (c *benchCase) print(w io.Writer) {
	rate := fmt.Sprintf("%.1f GFLOP/s", c.GFLOPS)
	if c.Read > 0 {
		rate = fmt.Sprintf("%.1f GB/s", c.Read)
	}
	fmt.Fprintf(w, "%-28s %7d %11s %15s %5.1f %%\n", c.Name, c.Threads, duration(c.Seconds), rate, 100*c.Share)
}

// duration writes seconds with four digits or so.
func duration(seconds float64) string {
	switch {
	case seconds < 1e-3:
		return fmt.Sprintf("%.1f µs", seconds*1e6)
	case seconds < 1:
		return fmt.Sprintf("%.2f ms", seconds*1e3)
	}
	return fmt.Sprintf("%.2f s", seconds)
}

// writeIndented writes x as JSON for people and programs.
func writeIndented(w io.Writer, x any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(x)
}
