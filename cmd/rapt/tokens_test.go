package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tokenizerData = "../../tokenizer/testdata"

// tokensLine is what "rapt tokens --jsonl" prints for a text, and a golden case has besides the text.
type tokensLine struct {
	IDs     []int    `json:"ids"`
	Tokens  []string `json:"tokens"`
	Offsets [][2]int `json:"offsets"`
	TypeIDs []int    `json:"type_ids"`
	Special []int    `json:"special"`
}

// runTokens executes "rapt tokens" with stdin.
func runTokens(t *testing.T, stdin io.Reader, stdout io.Writer, args ...string) error {
	t.Helper()
	cmd := newTokensCommand()
	cmd.SetArgs(args)
	cmd.SetIn(stdin)
	cmd.SetOut(stdout)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(t.Context())
}

func TestTokensJSONLGolden(t *testing.T) {
	for _, dir := range []string{"minilm", "cased"} {
		t.Run(dir, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(tokenizerData, dir, "cases.jsonl"))
			if err != nil {
				t.Fatal(err)
			}
			var in, out bytes.Buffer
			var want []tokensLine
			for line := range bytes.Lines(data) {
				var text struct {
					Text string  `json:"text"`
					Pair *string `json:"pair,omitempty"`
				}
				var w tokensLine
				if err := json.Unmarshal(line, &text); err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(line, &w); err != nil {
					t.Fatal(err)
				}
				want = append(want, w)
				if err := json.NewEncoder(&in).Encode(text); err != nil {
					t.Fatal(err)
				}
			}
			if err := runTokens(t, &in, &out, "--jsonl", "--model", filepath.Join(tokenizerData, dir)); err != nil {
				t.Fatal(err)
			}
			var got []tokensLine
			for line := range bytes.Lines(out.Bytes()) {
				var g tokensLine
				if err := json.Unmarshal(line, &g); err != nil {
					t.Fatal(err)
				}
				got = append(got, g)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// A line may be long.
func TestTokensLongLine(t *testing.T) {
	const words = 200_000
	var out bytes.Buffer
	in := strings.NewReader(`{"text": "` + strings.Repeat("cat ", words) + `"}`)
	if err := runTokens(t, in, &out, "--jsonl", "--no-special"); err != nil {
		t.Fatal(err)
	}
	var got tokensLine
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.IDs) != words || got.Offsets[words-1] != [2]int{4*words - 4, 4*words - 1} {
		t.Errorf("%d ids, the last at %v, expected %d", len(got.IDs), got.Offsets[len(got.IDs)-1], words)
	}
}

// A caller may wait for an answer before it writes the next line.
func TestTokensAnswersAtOnce(t *testing.T) {
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	done := make(chan error)
	go func() {
		done <- runTokens(t, inReader, outWriter, "--jsonl")
		outWriter.Close()
	}()
	answers := bufio.NewReader(out)
	for range 3 {
		if _, err := io.WriteString(in, "{\"text\": \"cat\"}\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "4937") {
			t.Errorf("answer %q, %v", line, err)
		}
	}
	in.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTokensBadLines(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"text": 1}`, "after byte 7: found 1, expected a string"},
		{`{"text": null}`, "after byte 7: found null, expected a string"},
		{`{"tex": "a"}`, `unknown key "tex", expected "text" and perhaps "pair"`},
		{`{"pair": "a"}`, `there is no "text"`},
		{`{"text": "a", "text": "b"}`, `"text" is there twice`},
		{`{"text": "a"} {`, "after byte 13: something follows the end"},
		{`{"text": "a`, `after byte 7: invalid character '\n' in string literal`},
		{``, "the JSON ends too early"},
		{`["a"]`, "after byte 0: found [, expected {"},
		{"{\"text\": \"a\xff\"}", "byte 11 is not UTF-8"},
		{`{"text": "\ud800"}`, "an escape is half of a surrogate pair"},
		{`{"text": "\udc00\ud800"}`, "an escape is half of a surrogate pair"},
		{`{"text": "\\\ud83dx"}`, "an escape is half of a surrogate pair"},
	} {
		var out bytes.Buffer
		err := runTokens(t, strings.NewReader("{\"text\": \"cat\"}\n"+c.line+"\n{\"text\": \"dog\"}\n"), &out, "--jsonl")
		if want := "line 2: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%q: got %v, expected %s", c.line, err, want)
		}
		if n := strings.Count(out.String(), "\n"); n != 1 {
			t.Errorf("%q: %d lines are answered, expected the one before", c.line, n)
		}
	}
}

// Escapes that look like halves, and are none.
func TestTokensEscapes(t *testing.T) {
	var out bytes.Buffer
	in := strings.NewReader(`{"text": "\\ud800 \ud83d\ude00 \u0063\u0061t\ufffd"}`)
	if err := runTokens(t, in, &out, "--jsonl", "--no-special"); err != nil {
		t.Fatal(err)
	}
	want := `{"ids":[1032,20904,17914,2692,100,4937],"tokens":["\\","ud","##80","##0","[UNK]","cat"],` +
		`"offsets":[[0,1],[1,3],[3,5],[5,6],[7,8],[9,12]],"special":[]}` + "\n"
	if out.String() != want {
		t.Errorf("got %s, expected %s", out.String(), want)
	}
}
