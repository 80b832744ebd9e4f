package main

import (
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/internal/npy"
	"github.com/rapt-go/rapt/internal/safetensors"
)

// lookNPZ runs rapt look with -o and reads what it wrote.
func lookNPZ(t *testing.T, args ...string) map[string]*npy.Array {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.npz")
	if _, err := runCommand(t, append([]string{"look", "-o", path}, args...)...); err != nil {
		t.Fatal(err)
	}
	arrays, err := npy.ReadNPZFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return arrays
}

// farthest is the largest difference between two arrays of the same length.
func farthest(t *testing.T, got, want []float32) (d float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("there are %d numbers, expected %d", len(got), len(want))
	}
	for i := range got {
		if diff := math.Abs(float64(got[i]) - float64(want[i])); !(diff <= d) {
			d = diff
		}
	}
	return d
}

// The attention of the built-in model is PyTorch's, up to what storing the parameters as float16 changes: 0.0015.
func TestLookMatchesPyTorch(t *testing.T) {
	file, err := safetensors.Open(filepath.Join("..", "..", "lens", "testdata", "minilm.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, args := range map[string][]string{
		"cat":      {"The cat sat on the mat."},
		"word":     {"Stop"},
		"pair":     {"A man is eating food.", "--pair", "Someone is having a meal."},
		"pronoun":  {"The animal didn't cross the street because it was too tired."},
		"pieces":   {"Electroencephalography is unbelievable."},
		"question": {`Who wrote "Hamlet", and when?`},
	} {
		t.Run(name, func(t *testing.T) {
			tensor, _ := file.Tensor(name)
			want, err := tensor.Float32s()
			if err != nil {
				t.Fatal(err)
			}
			got := lookNPZ(t, args...)["attention"].Data.([]float32)
			if d := farthest(t, got, want); d > .0015 {
				t.Errorf("attention differs by %v", d)
			}
		})
	}
}

// With --ids a model without a tokenizer works, and --hidden adds hidden states and logits.
func TestLookIDsHidden(t *testing.T) {
	for name, arrays := range map[string][]string{
		"bert": {"attention", "ids", "hidden"}, "bert_mlm": {"attention", "ids", "hidden", "logits"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("..", "..", "model", "testdata", name)
			file, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			want := func(name string) []float32 {
				tensor, ok := file.Tensor("single." + name)
				if !ok {
					t.Fatalf("there is no %s", name)
				}
				values, err := tensor.Float32s()
				if err != nil {
					t.Fatal(err)
				}
				return values
			}
			got := lookNPZ(t, "--model", dir, "--ids", goldenInts(t, file, "single.input_ids"),
				"--type-ids", goldenInts(t, file, "single.token_type_ids"), "--hidden")
			if len(got) != len(arrays) {
				t.Errorf("there are %d arrays, expected %v", len(got), arrays)
			}
			for array, golden := range map[string]string{"attention": "attentions", "hidden": "hidden_states", "logits": "logits"} {
				if got[array] == nil {
					continue
				}
				if d := farthest(t, got[array].Data.([]float32), want(golden)); d > 1e-4 {
					t.Errorf("%s differs by %v", array, d)
				}
			}
		})
	}
}

// With --decoder-ids the .npz has what the decoder does too, and JSON its maps.
func TestLookDecoder(t *testing.T) {
	for _, name := range []string{"t5", "t5_v1_1"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("..", "..", "model", "testdata", name)
			file, err := safetensors.Open(filepath.Join(dir, "golden.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			args := []string{"--model", dir, "--ids", goldenInts(t, file, "single.input_ids"),
				"--decoder-ids", goldenInts(t, file, "single.decoder_input_ids")}
			got := lookNPZ(t, append(args, "--hidden")...)
			for array, golden := range map[string]string{
				"attention": "encoder_attentions", "decoder_attention": "decoder_attentions", "cross_attention": "cross_attentions",
				"hidden": "encoder_hidden_states", "decoder_hidden": "decoder_hidden_states", "logits": "logits",
			} {
				tensor, ok := file.Tensor("single." + golden)
				if !ok || got[array] == nil {
					t.Fatalf("there is no %s or no %s", golden, array)
				}
				shape := slices.Clone(tensor.Shape)
				if batch := slices.Index(shape, 1); batch >= 0 {
					shape = slices.Delete(shape, batch, batch+1)
				}
				if !slices.Equal(got[array].Shape, shape) {
					t.Errorf("%s has shape %v, expected %v", array, got[array].Shape, shape)
				}
				want, err := tensor.Float32s()
				if err != nil {
					t.Fatal(err)
				}
				if d := farthest(t, got[array].Data.([]float32), want); d > 1e-4 {
					t.Errorf("%s differs by %v", array, d)
				}
			}
			if ids := got["decoder_ids"].Data.([]int64); len(ids) != 8 || len(got) != 8 {
				t.Errorf("there are %d decoder_ids and %d arrays", len(ids), len(got))
			}

			stdout, err := runCommand(t, append([]string{"look", "--json"}, args...)...)
			if err != nil {
				t.Fatal(err)
			}
			var answer struct {
				IDs     []int           `json:"decoder_ids"`
				Decoder [][][][]float32 `json:"decoder_attention"`
				Cross   [][][][]float32 `json:"cross_attention"`
			}
			if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
				t.Fatal(err)
			}
			for name, maps := range map[string][][][][]float32{"decoder_attention": answer.Decoder, "cross_attention": answer.Cross} {
				var flat []float32
				for _, layer := range maps {
					for _, head := range layer {
						flat = append(flat, slices.Concat(head...)...)
					}
				}
				if !slices.Equal(flat, got[name].Data.([]float32)) {
					t.Errorf("%s of JSON and .npz differ", name)
				}
			}
			if len(answer.IDs) != 8 {
				t.Errorf("there are %d decoder_ids in JSON", len(answer.IDs))
			}
		})
	}
}

// goldenInts is an int64 tensor as a flag's value.
func goldenInts(t *testing.T, file *safetensors.File, name string) string {
	t.Helper()
	tensor, ok := file.Tensor(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	values, err := tensor.Int64s()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strconv.FormatInt(v, 10)
	}
	return strings.Join(list, ",")
}

// JSON, CSV and NPZ hold the same float32 numbers.
func TestLookFormatsAgree(t *testing.T) {
	const text = "The cat sat on the mat."
	want := lookNPZ(t, text)["attention"].Data.([]float32)

	stdout, err := runCommand(t, text, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var object struct {
		Model, Measure string
		Layers, Heads  int
		Tokens         []jsonToken
		Attention      [][][][]float32
	}
	if err := json.Unmarshal([]byte(stdout), &object); err != nil {
		t.Fatal(err)
	}
	var got []float32
	for _, layer := range object.Attention {
		for _, head := range layer {
			for _, row := range head {
				got = append(got, row...)
			}
		}
	}
	if d := farthest(t, got, want); d != 0 {
		t.Errorf("JSON differs by %v", d)
	}

	path := filepath.Join(t.TempDir(), "x.CSV")
	if _, err := runCommand(t, text, "-o", path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	for _, record := range records[1:] {
		weight, err := strconv.ParseFloat(record[6], 32)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, float32(weight))
	}
	if d := farthest(t, got, want); d != 0 {
		t.Errorf("CSV differs by %v", d)
	}
}

func TestLookTooLong(t *testing.T) {
	text := strings.Repeat("word ", 600)
	_, err := runCommand(t, text)
	if want := "there are 602 tokens, the model takes at most 512: --truncate takes the beginning"; err == nil || err.Error() != want {
		t.Errorf("error %v, expected %s", err, want)
	}
	if got := lookNPZ(t, text, "--truncate")["ids"].Shape[0]; got != 512 {
		t.Errorf("--truncate takes %d tokens, expected 512", got)
	}
	if _, err := runCommand(t, "--ids", strings.Repeat("5,", 600)+"5"); err == nil || !strings.Contains(err.Error(), "at most 512") {
		t.Errorf("error %v for 601 ids", err)
	}
}

func TestLookRefusesBytes(t *testing.T) {
	if _, err := runCommand(t, "a\xffb"); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("error %v for bytes that aren't UTF-8", err)
	}
}

// A device that is full is an error, and a reader who leaves early is none worth a word.
func TestLookOutputEnds(t *testing.T) {
	exe, err := exec.LookPath("rapt") // as testscript has put it into PATH
	if err != nil {
		t.Skip("the scripts' rapt isn't in PATH: " + err.Error())
	}
	t.Run("full", func(t *testing.T) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip("this system has no /dev/full")
		}
		defer full.Close()
		for _, args := range [][]string{{"hello"}, {"hello", "--json"}, {"hello", "--find", "hello:hello"}} {
			cmd := exec.Command(exe, args...)
			var messages strings.Builder
			cmd.Stdout, cmd.Stderr = full, &messages
			if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(messages.String(), "no space left") {
				t.Errorf("%v: %v, %q", args, err, messages.String())
			}
		}
	})
	t.Run("closed pipe", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		defer w.Close()
		cmd := exec.Command(exe, "hello", "--json")
		var messages strings.Builder
		cmd.Stdout, cmd.Stderr = w, &messages
		if err := cmd.Run(); err == nil || messages.String() != "" {
			t.Errorf("%v, %q, expected an exit without a word", err, messages.String())
		}
	})
}

func TestColorOf(t *testing.T) {
	for _, c := range []struct {
		flag     string
		terminal bool
		env      string // NAME=VALUE, separated by blanks
		want     figure.Color
	}{
		{"auto", false, "TERM=xterm-256color COLORTERM=truecolor", figure.NoColor},
		{"auto", true, "TERM=xterm-256color COLORTERM=truecolor", figure.TrueColor},
		{"auto", true, "TERM=xterm-256color", figure.ANSI256},
		{"auto", true, "TERM=xterm", figure.ANSI16},
		{"auto", true, "TERM=dumb", figure.NoColor},
		{"auto", true, "NO_COLOR=1 FORCE_COLOR=3 TERM=xterm", figure.NoColor},
		{"auto", false, "FORCE_COLOR=1 TERM=xterm-256color", figure.ANSI256},
		{"auto", false, "FORCE_COLOR=1", figure.ANSI16},
		{"auto", false, "FORCE_COLOR=3", figure.TrueColor},
		{"auto", true, "FORCE_COLOR=0 TERM=xterm", figure.NoColor},
		{"auto", false, "CLICOLOR_FORCE=1 TERM=xterm-256color", figure.ANSI256},
		{"auto", false, "CLICOLOR_FORCE=0 TERM=xterm-256color", figure.NoColor},
		{"always", false, "NO_COLOR=1 TERM=dumb", figure.ANSI16},
		{"always", false, "COLORTERM=24bit", figure.TrueColor},
		{"never", true, "FORCE_COLOR=3 COLORTERM=truecolor", figure.NoColor},
	} {
		env := map[string]string{}
		for pair := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		got, err := colorOf(c.flag, c.terminal, func(name string) string { return env[name] })
		if err != nil || got != c.want {
			t.Errorf("--color %s, terminal %v, %s: %v, %v, expected %v", c.flag, c.terminal, c.env, got, err, c.want)
		}
	}
}
