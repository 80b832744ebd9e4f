package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
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
every byte of keys and values once. A time is the best of the rounds' medians.

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
	b := bench{CPU: cpuName(), Kernels: kernel.Name(), Threads: threads[len(threads)-1]}
	b.Peak.GFLOPS = measure.Peak(b.Threads) / 1e9 / float64(b.Threads)
	b.Peak.Read = measure.ReadRate(b.Threads) / 1e9
	if !f.json {
		b.printHead(stdout)
	}
	for _, c := range cases {
		for _, n := range threads {
			before := runtime.GOMAXPROCS(n) // which is how many threads a model takes
			r, err := measure.Run(ctx, c, n, effort)
			runtime.GOMAXPROCS(before)
			if err != nil {
				return err
			}
			b.add(r)
			if !f.json {
				b.Cases[len(b.Cases)-1].print(stdout)
			}
		}
	}
	if f.json {
		return writeIndented(stdout, b)
	}
	return nil
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

func (b *bench) add(r measure.Result) {
	c := benchCase{Name: r.Name, Threads: r.Threads, Seconds: r.Seconds, Share: r.Share}
	if r.Memory {
		c.Read = r.Rate / 1e9
	} else {
		c.GFLOPS = r.Rate / 1e9
	}
	b.Cases = append(b.Cases, c)
}

func (b *bench) printHead(w io.Writer) {
	fmt.Fprintf(w, "%s · %s kernels · %s\n", b.CPU, b.Kernels, runtime.Version())
	fmt.Fprintf(w, "on %d threads: %.0f GFLOP/s a thread, float32; memory read at %.1f GB/s\n\n", b.Threads, b.Peak.GFLOPS, b.Peak.Read)
	fmt.Fprintf(w, "%-28s %7s %11s %15s %7s\n", "case", "threads", "time", "rate", "share")
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

// cpuName is what the system calls the processor, where that is easy to find out.
func cpuName() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(info)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

// writeIndented writes x as JSON for people and programs.
func writeIndented(w io.Writer, x any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(x)
}
