package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rapt-go/rapt/model"
)

// generateFlags is what the command line says.
type generateFlags struct {
	model          string
	ids            []int
	tokens         int
	sampling       model.Sampling
	stop           []string
	ignoreEOS      bool
	json, jsonl    bool
	logProbs, look bool
	layer, head    int
	color          string

	given func(flag string) bool // whether a flag was on the command line
}

// keysShown is how many of the strongest keys of a head --look takes.
const keysShown = 8

func newGenerateCommand() *cobra.Command {
	var f generateFlags
	cmd := &cobra.Command{
		Use:   "generate PROMPT… --model MODEL | generate --jsonl --model MODEL <PROMPTS",
		Short: "Go on with a text, and show what each new token looks at",
		Long: `Generate goes on with a text, token by token, and prints what is new as it comes.
The words of the prompt may be one argument or many. It ends after --tokens, with
a token with which the model ends a text, or before a --stop string.

It takes the likeliest token each time. With --temperature it draws: logits are
divided by the temperature, then --top-k, --top-p and --min-p leave out what is
unlikely, in this order, as in transformers; --repeat-penalty comes before and
works without it too. The same --seed gives the same text.

--json prints {"ids", "text"} of what is new. --jsonl reads a {"text"} or an
{"ids"} from each line of standard input and prints such an object for it, in
order. Lines that have already come go on together, up to 32 of them.

--look prints a line for each token instead: what the model looked at when it
wrote it, that is the largest weights of the last token before it. The head is
the one, of all layers, with the largest weight on a token that is neither the
text's first nor one of the last two: heads that always look there say little.
--layer and --head choose another. Layers and heads count from 0.

An encoder–decoder model reads the prompt and writes a text of its own; --look is
then of what its decoder looks at in the prompt.`,
		Example: `  rapt generate "Once upon a time" --model stories260K
  rapt generate "Once upon a time" --model stories260K --temperature 0.8 --top-p 0.9
  rapt generate "Once upon a time" --model stories260K --look
  rapt generate --ids 1,403,407 --tokens 12 --json --model stories260K`,
		RunE: f.run,
	}
	f.define(cmd)
	return cmd
}

func (f *generateFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.model, "model", "", "causal or encoder–decoder `model` to use: a directory, a .gguf file, or a name that rapt model list shows")
	flags.IntSliceVar(&f.ids, "ids", nil, "token ids, such as `5,6,7`, in place of a prompt")
	flags.IntVar(&f.tokens, "tokens", 128, "end after `N` new tokens")
	flags.Float64Var(&f.sampling.Temperature, "temperature", 0, "draw tokens, with logits divided by `T`; 0 takes the likeliest")
	flags.IntVar(&f.sampling.TopK, "top-k", 0, "draw from the `K` likeliest tokens (0: all)")
	flags.Float64Var(&f.sampling.TopP, "top-p", 1, "draw from the likeliest tokens that have the probability `P` together")
	flags.Float64Var(&f.sampling.MinP, "min-p", 0, "draw from tokens with at least `P` times the probability of the likeliest")
	flags.Float64Var(&f.sampling.RepetitionPenalty, "repeat-penalty", 1, "divide the logits of tokens that are there already by `R`; negative ones are multiplied")
	flags.Uint64Var(&f.sampling.Seed, "seed", 0, "draw with the generator that `N` gives (default: another one each time)")
	flags.StringArrayVar(&f.stop, "stop", nil, "end before this `text`; may be repeated")
	flags.BoolVar(&f.ignoreEOS, "ignore-eos", false, "go on where the model ends the text")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	flags.BoolVar(&f.jsonl, "jsonl", false, "read a JSON object from each line of standard input")
	flags.BoolVar(&f.logProbs, "log-probs", false, `put "log_probs" of the new tokens into the objects`)
	flags.BoolVar(&f.look, "look", false, "show what each new token looks at")
	flags.IntVar(&f.layer, "layer", 0, "with --look: of layer `N`")
	flags.IntVar(&f.head, "head", 0, "with --look: of head `N` of --layer")
	flags.StringVar(&f.color, "color", "auto", "use colours: `when` is auto, always or never")
}

// check refuses a command line that is wrong whatever the model.
func (f *generateFlags) check(cmd *cobra.Command, args []string) error {
	if err := refuseEmpty(cmd, "model"); err != nil {
		return err
	}
	switch {
	case !f.given("model"):
		return usagef("the built-in model, all-MiniLM-L6-v2, is an encoder and can't go on with a text: --model takes a causal or encoder–decoder one")
	case f.jsonl && f.json:
		return usagef("--json and --jsonl don't go together")
	case f.jsonl && len(args) > 0:
		return usagef("--jsonl reads prompts from standard input, but %q is there too", args[0])
	case f.jsonl && f.given("ids"):
		return usagef(`--jsonl reads prompts from standard input, {"ids"} among them: --ids has no meaning with it`)
	case !f.jsonl && len(args) == 0 && !f.given("ids"):
		return usagef("there is no prompt: rapt generate PROMPT, --ids or --jsonl")
	case len(args) > 0 && f.given("ids"):
		return usagef("--ids stands in place of a prompt, but there is one: %q", args[0])
	case f.given("ids") && len(f.ids) == 0:
		return usagef("--ids is empty")
	case f.given("tokens") && f.tokens < 1:
		return usagef("--tokens is %d, expected 1 or more", f.tokens)
	case slices.Contains(f.stop, ""):
		return usagef("--stop is empty, expected a text")
	case f.logProbs && !f.json && !f.jsonl:
		return usagef("--log-probs needs --json or --jsonl")
	case f.given("head") && !f.given("layer"):
		return usagef("--head %d needs --layer", f.head)
	case f.given("layer") && !f.look:
		return usagef("--layer %d needs --look", f.layer)
	case f.given("layer") && (f.json || f.jsonl):
		return usagef("--layer chooses what is shown, but --json and --jsonl take all heads")
	}
	return f.checkSampling()
}

// checkSampling refuses settings that are wrong, or have no meaning because nothing is drawn.
func (f *generateFlags) checkSampling() error {
	for _, flag := range []string{"top-k", "top-p", "min-p", "seed"} {
		if f.given(flag) && f.sampling.Temperature == 0 {
			return usagef("--%s needs --temperature: without it the likeliest token is taken", flag)
		}
	}
	if f.given("top-p") && !(f.sampling.TopP > 0) {
		return usagef("--top-p is %v, expected a number over 0 and up to 1", f.sampling.TopP)
	}
	if f.given("repeat-penalty") && !(f.sampling.RepetitionPenalty > 0) {
		return usagef("--repeat-penalty is %v, expected a positive number", f.sampling.RepetitionPenalty)
	}
	if f.sampling.Temperature == 0 {
		f.sampling.TopP = 0 // the flag's default, 1, means the same
	}
	if _, err := model.NewSampler(f.sampling, 1, 0); err != nil {
		return usageError{err}
	}
	return nil
}

func (f *generateFlags) run(cmd *cobra.Command, args []string) error {
	f.given = cmd.Flags().Changed
	if err := f.check(cmd, args); err != nil {
		return err
	}
	m, err := openModel(f.model)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := f.checkHeads(m.Info()); err != nil {
		return err
	}
	g := &generator{flags: f, model: m, out: cmd.OutOrStdout(), messages: cmd.ErrOrStderr()}
	if f.sampling.Temperature > 0 && !f.given("seed") {
		f.sampling.Seed = rand.Uint64()
		fmt.Fprintf(g.messages, "rapt: --seed %d gives the same again\n", f.sampling.Seed)
	}
	if _, err := m.Tokenizer(); err != nil && (f.given("ids") || f.jsonl) {
		fmt.Fprintf(g.messages, "rapt: the text is empty: %v\n", err)
	}
	if f.jsonl {
		return g.lines(cmd.Context(), cmd.InOrStdin())
	}
	prompt, err := g.prompt(strings.Join(args, " "))
	if err != nil {
		return err
	}
	switch {
	case f.json:
		err = g.object(cmd.Context(), prompt)
	case f.look:
		err = g.rows(cmd.Context(), prompt)
	default:
		err = g.stream(cmd.Context(), prompt)
	}
	if cmd.Context().Err() != nil {
		return errInterrupted
	}
	return err
}

// checkHeads refuses --layer and --head that the model doesn't have.
func (f *generateFlags) checkHeads(info model.Info) error {
	if n := layersThatWrite(info); f.given("layer") && (f.layer < 0 || f.layer >= n) {
		return usagef("layer %d: the model has %d, 0 to %d", f.layer, n, n-1)
	}
	if f.given("head") && (f.head < 0 || f.head >= info.NumHeads) {
		return usagef("head %d: a layer has %d, 0 to %d", f.head, info.NumHeads, info.NumHeads-1)
	}
	return nil
}

// layersThatWrite is the number of layers of the decoder where there is one beside an encoder, or of the model.
func layersThatWrite(info model.Info) int {
	if info.NumDecoderLayers > 0 {
		return info.NumDecoderLayers
	}
	return info.NumLayers
}

// A generator goes on with prompts.
type generator struct {
	flags         *generateFlags
	model         *model.Model
	out, messages io.Writer
}

// prompt is the prompt of the command line.
func (g *generator) prompt(text string) (prompt model.Sequence, err error) {
	prompt.IDs = g.flags.ids
	if !g.flags.given("ids") {
		if prompt, err = g.model.Sequence(text, nil); err != nil {
			return prompt, err
		}
	}
	return prompt, g.check(prompt)
}

// check says why a prompt can't be gone on with as far as asked for.
func (g *generator) check(prompt model.Sequence) error {
	if err := g.model.CheckGenerate([]model.Sequence{prompt}, g.options()); err != nil {
		return err
	}
	f, n, limit := g.flags, len(prompt.IDs), g.model.Info().MaxSeqLen
	if f.given("tokens") && f.tokens > limit-n {
		return fmt.Errorf("the prompt has %d tokens and --tokens is %d: the model takes at most %d together", n, f.tokens, limit)
	}
	return nil
}

func (g *generator) options() *model.GenerateOptions {
	f := g.flags
	o := &model.GenerateOptions{MaxTokens: f.tokens, Sampling: f.sampling, Stop: f.stop}
	if f.ignoreEOS {
		o.Ends = []int{}
	}
	if f.look {
		o.TopKeys = keysShown
	}
	return o
}

// stream prints the text as it comes. On a terminal it has no control characters but line ends and tabs.
func (g *generator) stream(ctx context.Context, prompt model.Sequence) error {
	file, _ := g.out.(*os.File)
	onTerminal := file != nil && term.IsTerminal(int(file.Fd()))
	for token, err := range g.model.Generate(ctx, []model.Sequence{prompt}, g.options()) {
		if err != nil {
			fmt.Fprintln(g.out) // what has come stays on a line of its own
			return err
		}
		text := token.Text
		if onTerminal {
			text = strings.Map(harmless, text)
		}
		if _, err := io.WriteString(g.out, text); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(g.out)
	return err
}

// harmless is r, or U+FFFD for what could command a terminal.
func harmless(r rune) rune {
	if r != '\n' && r != '\t' && unicode.IsControl(r) {
		return unicode.ReplacementChar
	}
	return r
}
