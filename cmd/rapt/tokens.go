package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt/internal/quote"
	"github.com/rapt-go/rapt/internal/strictjson"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
	"github.com/rapt-go/rapt/tokenizer"
)

func newTokensCommand() *cobra.Command {
	var f tokensFlags
	cmd := &cobra.Command{
		Use:   "tokens TEXT… [--pair TEXT] | tokens --jsonl <TEXTS",
		Short: "Show how a text is cut into tokens",
		Long: `Show the tokens of a text: position, id, spelling, the code points of the text that
each is made of (first:behind the last), and that slice of the text. Several
arguments are one text, joined by blanks. With --pair the text has a companion.

--json prints {"ids", "tokens", "offsets": [[start, end], …], "special"}, where
special are the positions of the tokens that the tokenizer has added; their
offsets are [0, 0]. There is "type_ids", too, if one of them isn't 0.
--jsonl reads a {"text"} or {"text", "pair"} from each line of standard input
and prints such an object for it, in order.`,
		Example: `  rapt tokens "Unbelievable!"
  rapt tokens "Who wrote it?" --pair "Nobody knows."`,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.hasPair = cmd.Flags().Changed("pair")
			return f.run(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.dir, "model", "", "cut as this `model` does: a name that rapt model list shows, a .gguf file, or a directory, in which a tokenizer.json is enough (default: all-MiniLM-L6-v2, built in)")
	flags.StringVar(&f.pair, "pair", "", "a second text")
	flags.BoolVar(&f.noSpecial, "no-special", false, "without the tokens that the tokenizer adds, such as [CLS]")
	flags.BoolVar(&f.asJSON, "json", false, "print a JSON object")
	flags.BoolVar(&f.jsonl, "jsonl", false, "read a JSON object from each line of standard input")
	return cmd
}

type tokensFlags struct {
	dir           string
	pair          string
	hasPair       bool // an empty pair is one, too
	noSpecial     bool
	asJSON, jsonl bool
}

func (f *tokensFlags) run(cmd *cobra.Command, args []string) error {
	if err := refuseEmpty(cmd, "model"); err != nil {
		return err
	}
	switch {
	case f.jsonl && f.asJSON:
		return usagef("--json and --jsonl don't go together")
	case f.jsonl && f.hasPair:
		return usagef(`--pair and --jsonl don't go together: a line has its own "pair"`)
	case f.jsonl && len(args) > 0:
		return usagef("--jsonl reads texts from standard input, but %s is there too", quote.Text(args[0]))
	case !f.jsonl && len(args) == 0:
		return usagef("rapt tokens needs a text, or --jsonl for many")
	}
	t, err := openTokenizer(f.dir)
	if err != nil {
		return err
	}
	if f.jsonl {
		return f.lines(t, cmd.OutOrStdout(), cmd.InOrStdin())
	}
	in := tokensInput{text: strings.Join(args, " ")}
	if f.hasPair {
		in.pair = &f.pair
	}
	e, err := f.encode(t, in)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	if f.asJSON {
		err = writeTokens(out, e)
	} else {
		err = writeTable(out, tokensTable(e, in))
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// openTokenizer opens the tokenizer.json in the directory that --model names, or what a .gguf file has in its place, or the
// one that is in the program if it is empty.
func openTokenizer(name string) (*tokenizer.Tokenizer, error) {
	if name == "" {
		return tokenizer.Parse(minilm.Files().Tokenizer)
	}
	path, err := library().Find(name)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		return tokenizer.Open(filepath.Join(path, "tokenizer.json"))
	}
	m, err := model.Open(path)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return m.Tokenizer()
}

// tokensInput is a text, or two if pair isn't nil.
type tokensInput struct {
	text string
	pair *string
}

func (f *tokensFlags) encode(t *tokenizer.Tokenizer, in tokensInput) (*tokenizer.Encoding, error) {
	o := &tokenizer.Options{NoSpecial: f.noSpecial}
	if in.pair == nil {
		return t.Encode(in.text, o)
	}
	return t.EncodePair(in.text, *in.pair, o)
}

// lines answers each line of r. The lines before a bad one are still answered. A caller who waits for each answer before
// the next text gets it: out is flushed when no other line has come yet.
func (f *tokensFlags) lines(t *tokenizer.Tokenizer, w io.Writer, r io.Reader) error {
	in, out := bufio.NewReaderSize(r, 1<<16), bufio.NewWriterSize(w, 1<<16)
	for number := 1; ; number++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 && (err == nil || errors.Is(err, io.EOF)) {
			if lineErr := f.line(t, out, line); lineErr != nil {
				err = fmt.Errorf("line %d: %w", number, lineErr)
			}
		}
		if err != nil || !lineWaits(in) {
			if flushErr := out.Flush(); flushErr != nil {
				return flushErr
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (f *tokensFlags) line(t *tokenizer.Tokenizer, out io.Writer, line []byte) error {
	in, err := parseTokensInput(line)
	if err != nil {
		return err
	}
	e, err := f.encode(t, in)
	if err != nil {
		return err
	}
	return writeTokens(out, e)
}

// parseTokensInput reads {"text": "…"} or {"text": "…", "pair": "…"}.
func parseTokensInput(line []byte) (in tokensInput, err error) {
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		if r == utf8.RuneError && size == 1 {
			return in, fmt.Errorf("byte %d is not UTF-8", i)
		}
		i += size
	}
	// encoding/json would make U+FFFD of it, and the text another one.
	if hasHalfSurrogate(line) {
		return in, errors.New("an escape is half of a surrogate pair")
	}
	r := strictjson.NewReader(line)
	hasText := false
	err = r.Object(func(key string) (err error) {
		switch key {
		case "text":
			hasText = true
			in.text, err = r.Text()
		case "pair":
			var pair string
			pair, err = r.Text()
			in.pair = &pair
		default:
			err = fmt.Errorf(`unknown key %s, expected "text" and perhaps "pair"`, quote.Text(key))
		}
		return err
	})
	if err == nil {
		err = r.End()
	}
	if err == nil && !hasText {
		err = errors.New(`there is no "text"`)
	}
	return in, err
}

// hasHalfSurrogate reports whether a JSON text has an escape between \ud800 and \udfff without its other half.
func hasHalfSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		c, ok := utf16Escape(text[i:])
		switch {
		case !ok:
			i++ // what is escaped may be another backslash
		case utf16.IsSurrogate(c):
			low, _ := utf16Escape(text[i+6:])
			if utf16.DecodeRune(c, low) == utf8.RuneError {
				return true
			}
			i += 11
		default:
			i += 5
		}
	}
	return false
}

// utf16Escape reads the \uXXXX that text begins with.
func utf16Escape(text []byte) (c rune, ok bool) {
	if len(text) < 6 || text[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(v), text[0] == '\\' && err == nil
}

// writeTokens writes an encoding as a line of JSON.
func writeTokens(w io.Writer, e *tokenizer.Encoding) error {
	line := struct {
		IDs     []int    `json:"ids"`
		Tokens  []string `json:"tokens"`
		Offsets [][2]int `json:"offsets"`
		TypeIDs []int    `json:"type_ids,omitempty"`
		Special []int    `json:"special"`
	}{IDs: e.IDs, Tokens: e.Tokens, Offsets: e.Offsets, Special: []int{}}
	for i := range e.IDs {
		if e.TypeIDs[i] != 0 {
			line.TypeIDs = e.TypeIDs
		}
		if e.Special[i] {
			line.Special = append(line.Special, i)
		}
	}
	j := json.NewEncoder(w)
	j.SetEscapeHTML(false)
	return j.Encode(line)
}

// tokensTable has a row for each token: position, id, offsets, token, slice of the text. With a pair there is a column
// that says which text the slice is of.
func tokensTable(e *tokenizer.Encoding, in tokensInput) [][]string {
	texts := [][]rune{[]rune(in.text)}
	if in.pair != nil {
		texts = append(texts, []rune(*in.pair))
	}
	rows := make([][]string, len(e.IDs))
	for i, id := range e.IDs {
		offsets, slice, of := "", "", ""
		if s, o := e.Sequence[i], e.Offsets[i]; s >= 0 {
			offsets = fmt.Sprintf("%d:%d", o[0], o[1])
			slice = strconv.Quote(string(texts[s][o[0]:o[1]]))
			of = [...]string{"text", "pair"}[s]
		}
		rows[i] = []string{strconv.Itoa(i), strconv.Itoa(id), offsets, printable(e.Tokens[i]), slice}
		if in.pair != nil {
			rows[i] = append(rows[i], of)
		}
	}
	return rows
}

// printable quotes a token that is empty or has blanks or control characters.
func printable(token string) string {
	odd := func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
	if token == "" || strings.ContainsFunc(token, odd) {
		return strconv.Quote(token)
	}
	return token
}

// writeTable writes rows in columns, the first three to the right.
func writeTable(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], lipgloss.Width(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-lipgloss.Width(cell))
			if i < 3 {
				line.WriteString(pad + cell + "  ")
			} else {
				line.WriteString(cell + pad + "  ")
			}
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
