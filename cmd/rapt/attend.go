package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/internal/atomicfile"
	"github.com/rapt-go/rapt/internal/npy"
)

// maxOutput is the most numbers that an output may have. It is in memory as a whole: 8 GB.
const maxOutput = math.MaxInt32

// attendFlags is what the command line says.
type attendFlags struct {
	q, k, v, layout string

	causal                  bool
	queryStart              int
	windowLeft, windowRight int
	scale, softcap          float32
	mask, bias              string
	sinks, alibi            string
	keyLens                 []int
	threads                 int

	out, lse, weights string
	stats, classes    string
	noOutput          bool

	given func(flag string) bool // whether a flag was on the command line
}

func newAttendCommand() *cobra.Command {
	var f attendFlags
	cmd := &cobra.Command{
		Use:   "attend --q q.npy --k k.npy --v v.npy -o out.npy",
		Short: "Compute attention of NumPy arrays",
		Long: `Attend computes softmax(q·kᵀ/√d)·v of .npy files of shape (batch, seq, heads,
dim) or (seq, dim); with --layout bhsd, (batch, heads, seq, dim). They are
float32; float16 and float64 are converted. q may have a multiple of the heads
of k and v. The output is float32 and has the layout and rank of q.

In this order: scale; softcap; bias and ALiBi are added; what is invisible is
left out; softmax, with sinks; values. Query i is at position query-start + i
among the keys. Mask and bias are broadcast to (batch, heads, queries, keys) as
NumPy does it. A query that sees no key has output 0 and lse −Inf.

--stats writes exact statistics of the weights, which are never stored: for each
query entropy, max_weight, argmax, distance, lse and the 8 largest (topk_index,
topk_weight); for each key received, max_received, argmax_received; offset_mass
for the bins of position − key between offset_bins; and a map of the weights in
at most 256 × 256 cells, pooled_mean and pooled_max. With --classes also
class_mass, for each query and bit n what it gives to keys that have the bit.`,
		Example: `  rapt attend --q q.npy --k k.npy --v v.npy -o out.npy
  rapt attend --q q.npy --k k.npy --v v.npy --causal --window-left 1023 --lse lse.npy -o out.npy
  rapt attend --q q.npy --k k.npy --v v.npy --layout bhsd --mask mask.npy --weights weights.npy
  rapt attend --q q.npy --k k.npy --stats stats.npz --no-output
  rapt attend --q q.npy --k k.npy --stats stats.npz --classes punctuation.npy --no-output`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := refuseEmpty(cmd, "q", "k", "v", "mask", "bias", "sinks", "alibi", "output", "lse", "weights", "stats", "classes")
			if err != nil {
				return err
			}
			f.given = cmd.Flags().Changed
			return f.run(cmd.Context())
		},
	}
	f.define(cmd)
	return cmd
}

func (f *attendFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.q, "q", "", "queries, `q.npy`")
	flags.StringVar(&f.k, "k", "", "keys, `k.npy`")
	flags.StringVar(&f.v, "v", "", "values, `v.npy`")
	flags.StringVar(&f.layout, "layout", "bshd", "order of the axes: bshd or bhsd")

	flags.BoolVar(&f.causal, "causal", false, "key j is visible to query i only if j ≤ query-start + i")
	flags.IntVar(&f.queryStart, "query-start", 0, "position of query 0 among the keys; may be negative")
	flags.IntVar(&f.windowLeft, "window-left", 0, "how many keys before its own a query sees (default all)")
	flags.IntVar(&f.windowRight, "window-right", 0, "how many keys after its own a query sees (default all)")
	flags.Float32Var(&f.scale, "scale", 0, "what q·k is multiplied by (default 1/√dim)")
	flags.Float32Var(&f.softcap, "softcap", 0, "c bends scores s to c·tanh(s/c); 0 is off")
	flags.StringVar(&f.mask, "mask", "", "bool, true where a key is visible, `mask.npy`")
	flags.StringVar(&f.bias, "bias", "", "added to the scores; −Inf makes a key invisible, `bias.npy`")
	flags.StringVar(&f.sinks, "sinks", "", "a logit for each query head, in the softmax's denominator, `sinks.npy`")
	flags.StringVar(&f.alibi, "alibi", "", "ALiBi's slope for each query head, `slopes.npy`")
	flags.IntSliceVar(&f.keyLens, "key-lens", nil, "how many keys each sequence has, such as `9,5` (default all)")

	flags.StringVarP(&f.out, "output", "o", "", "write the output, shaped as q, to `out.npy`")
	flags.StringVar(&f.lse, "lse", "", "write ln of the softmax's denominators, (batch, heads, queries), to `lse.npy`")
	flags.StringVar(&f.weights, "weights", "", "write the weights, (batch, heads, queries, keys), to `weights.npy`")
	flags.StringVar(&f.stats, "stats", "", "write statistics of the weights to `stats.npz`")
	flags.StringVar(&f.classes, "classes", "", "with --stats: uint8 of shape (batch, keys) or (keys,), a bit for each of 8 classes, `classes.npy`")
	flags.BoolVar(&f.noOutput, "no-output", false, "with --stats: compute no output, and need no values")
	flags.IntVar(&f.threads, "threads", 0, "threads to compute on (default one per CPU); changes no result")
}

func (f *attendFlags) run(ctx context.Context) error {
	if err := f.check(); err != nil {
		return err
	}
	a, err := f.read()
	if err != nil {
		return err
	}
	files, err := interruptible(ctx, func() ([]outputFile, error) { return f.compute(a) })
	if err != nil {
		return err
	}
	for _, file := range files {
		if ctx.Err() != nil {
			return errInterrupted
		}
		if err := file.write(); err != nil {
			return err
		}
	}
	return nil
}

var errInterrupted = errors.New("interrupted; nothing more is written")

// interruptible is what work gives, or an error as soon as ctx is done. Work then goes on until the process ends.
func interruptible[T any](ctx context.Context, work func() (T, error)) (T, error) {
	var result T
	done := make(chan error, 1)
	go func() {
		var err error
		result, err = work()
		done <- err
	}()
	select {
	case err := <-done:
		return result, err
	case <-ctx.Done():
		var none T
		return none, errInterrupted
	}
}

// check refuses flags that are wrong whatever the files hold.
func (f *attendFlags) check() error {
	for _, input := range []struct{ flag, file string }{{"q", f.q}, {"k", f.k}, {"v", f.v}} {
		if input.file == "" && !(input.flag == "v" && f.noOutput) {
			return usagef("attend needs --%s FILE", input.flag)
		}
	}
	if f.layout != "bshd" && f.layout != "bhsd" {
		return usagef("--layout is %q, expected bshd or bhsd", f.layout)
	}
	for _, side := range []struct {
		flag string
		keys int
	}{{"window-left", f.windowLeft}, {"window-right", f.windowRight}} {
		if side.keys < 0 {
			return usagef("--%s is %d, expected 0 or more; leave it out to see all keys on that side", side.flag, side.keys)
		}
	}
	if f.given("scale") && (f.scale == 0 || !finite(f.scale)) {
		return usagef("--scale is %v, expected a finite number other than 0; leave it out for 1/√dim", f.scale)
	}
	if f.softcap < 0 || !finite(f.softcap) {
		return usagef("--softcap is %v, expected a finite number, 0 or more", f.softcap)
	}
	if f.threads < 0 {
		return usagef("--threads is %d, expected 0 or more", f.threads)
	}
	return f.checkOutputs()
}

func finite(x float32) bool {
	return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0)
}

func (f *attendFlags) checkOutputs() error {
	flagOf := map[string]string{}
	for _, output := range []struct{ flag, file string }{{"-o", f.out}, {"--lse", f.lse}, {"--weights", f.weights}, {"--stats", f.stats}} {
		if output.file == "" {
			continue
		}
		if other := flagOf[output.file]; other != "" {
			return usagef("%s and %s both name %s", other, output.flag, output.file)
		}
		flagOf[output.file] = output.flag
	}
	if len(flagOf) == 0 {
		return usagef("attend writes nothing without -o, --lse, --weights or --stats")
	}
	if f.classes != "" && f.stats == "" {
		return usagef("--classes goes with --stats")
	}
	if f.noOutput && (f.stats == "" || f.out != "") {
		return usagef("--no-output goes with --stats and without -o")
	}
	return nil
}

// An outputFile is an array, or several with names, and where to write them.
type outputFile struct {
	flag, path string
	names      []string // nil: one array, a .npy file; else a .npz file
	arrays     []*npy.Array
}

func (o *outputFile) write() error {
	err := atomicfile.Write(o.path, func(w io.Writer) error {
		if o.names == nil {
			return npy.Write(w, o.arrays[0])
		}
		return npy.WriteNPZ(w, o.names, o.arrays)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", o.flag, err)
	}
	return nil
}

// compute gives the outputs that are asked for.
func (f *attendFlags) compute(a *attendInputs) ([]outputFile, error) {
	var files []outputFile
	one := func(flag, path string, array npy.Array) {
		files = append(files, outputFile{flag: flag, path: path, arrays: []*npy.Array{&array}})
	}
	if f.out != "" || f.lse != "" || f.stats != "" {
		out, lse, stats, err := f.attend(a)
		if err != nil {
			return nil, err
		}
		if f.out != "" {
			one("-o", f.out, out)
		}
		if f.lse != "" {
			one("--lse", f.lse, lse)
		}
		if f.stats != "" {
			q := a.q.tensor
			names, arrays := statsArrays(stats, [2]int{q.Batch, q.Heads}, q.Seq, a.k.tensor.Seq)
			files = append(files, outputFile{"--stats", f.stats, names, arrays})
		}
	}
	if f.weights != "" {
		weights, err := a.computeWeights()
		if err != nil {
			return nil, err
		}
		one("--weights", f.weights, weights)
	}
	return files, nil
}

// attend computes the output and, if they are asked for, the lse and the statistics, in one call.
func (f *attendFlags) attend(a *attendInputs) (out, lse npy.Array, stats *rapt.Stats, err error) {
	q, k, options := a.q.tensor, a.k.tensor, a.options
	if f.lse != "" {
		lse.Shape = []int{q.Batch, q.Heads, q.Seq}
		options.LSE = make([]float32, q.Batch*q.Heads*q.Seq)
		lse.Data = options.LSE
	}
	if f.noOutput {
		stats = a.newStats()
		err = rapt.Statistics(stats, nil, q, k, rapt.Tensor[float32]{}, &options)
		if options.LSE != nil {
			copy(options.LSE, stats.LSE)
		}
		return out, lse, stats, err
	}
	shape := a.q.shapeWith(a.v.tensor.Dim)
	data, err := floats("the output", shape)
	if err != nil {
		return out, lse, nil, err
	}
	out = npy.Array{Shape: shape, Data: data}
	view := a.q.view(data, shape)
	if f.stats == "" {
		return out, lse, nil, rapt.Attend(view, q, k, a.v.tensor, &options)
	}
	stats = a.newStats()
	return out, lse, stats, rapt.Statistics(stats, &view, q, k, a.v.tensor, &options)
}

func (a *attendInputs) computeWeights() (npy.Array, error) {
	q := a.q.tensor
	shape := []int{q.Batch, q.Heads, q.Seq, a.k.tensor.Seq}
	data, err := floats("--weights", shape)
	if err != nil {
		return npy.Array{}, err
	}
	return npy.Array{Shape: shape, Data: data}, rapt.Weights(data, q, a.k.tensor, nil, &a.options)
}

// floats makes room for an array of that shape.
func floats(what string, shape []int) ([]float32, error) {
	n := 1
	for _, length := range shape {
		if length > 0 && n > maxOutput/length {
			return nil, fmt.Errorf("%s would have shape %s, expected at most %d numbers", what, tuple(shape), maxOutput)
		}
		n *= length
	}
	return make([]float32, n), nil
}
