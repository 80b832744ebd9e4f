package tokenizer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pipelineCase is a line of pipelines.jsonl: a tokenizer, or a case of the one before.
type pipelineCase struct {
	Name   string
	Folder string
	Change map[string]json.RawMessage

	goldenCase
	Error        bool // the library can't encode it
	Mixed        []int
	MixedDecoded string `json:"mixed_decoded"`
}

// TestPipelines puts the parts of tokenizers together in other ways; testdata/pipelines.py says in which.
func TestPipelines(t *testing.T) {
	lines := bufio.NewScanner(bytes.NewReader(readTestdata(t, ".", "pipelines.jsonl")))
	lines.Buffer(nil, 1<<20)
	name, tokenizers, cases := "", 0, 0
	var tok *Tokenizer
	for lines.Scan() {
		var c pipelineCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Name == "" {
			cases++
			checkPipelineCase(t, name, tok, c)
			continue
		}
		tokenizers++
		name = c.Name
		var err error
		if tok, err = Parse(changedPipeline(t, c.Folder, c.Change)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if tokenizers != 93 || cases != 11*tokenizers {
		t.Errorf("%d tokenizers and %d cases, expected 93 and 1023", tokenizers, cases)
	}
}

func checkPipelineCase(t *testing.T, name string, tok *Tokenizer, c pipelineCase) {
	t.Helper()
	got, err := asGolden(t, tok, c.goldenCase, nil)
	if c.Error != (err != nil) {
		t.Errorf("%s: %q: error %v, the library's: %v", name, c.Text, err, c.Error)
	}
	if err != nil {
		return
	}
	if d := cmp.Diff(c.goldenCase, got); d != "" {
		t.Errorf("%s: %q (-want +got):\n%s", name, c.Text, d)
	}
	if mixed, err := tok.Decode(c.Mixed, false); err != nil || mixed != c.MixedDecoded {
		t.Errorf("%s: %d decoded: %q, error %v, expected %q", name, c.Mixed, mixed, err, c.MixedDecoded)
	}
	checkStream(t, tok, got.IDs)
	checkStream(t, tok, c.Mixed)
}

// changedPipeline returns the file of a folder of testdata with members replaced; those of "model" one by one.
func changedPipeline(t *testing.T, folder string, change map[string]json.RawMessage) []byte {
	t.Helper()
	file := parsedFile(t, readTestdata(t, folder, "tokenizer.json"))
	for key, value := range change {
		switch key {
		case "model":
			model := parsedFile(t, file["model"])
			for k, v := range parsedFile(t, value) {
				model[k] = v
			}
			file["model"] = marshal(t, model)
		case "vocab_bytes": // tokens <0x00> to <0xFF>, and none that are added
			model := parsedFile(t, file["model"])
			vocab := strings.TrimSuffix(strings.TrimSpace(string(model["vocab"])), "]")
			for b := range 256 {
				vocab += fmt.Sprintf(`, ["<0x%02X>", 0.0]`, b)
			}
			model["vocab"] = json.RawMessage(vocab + "]")
			file["model"], file["added_tokens"] = marshal(t, model), json.RawMessage("[]")
		default:
			file[key] = value
		}
	}
	precompiled := parsedFile(t, readTestdata(t, "xlmr", "tokenizer.json"))["normalizer"]
	return bytes.ReplaceAll(marshal(t, file), []byte(`{"precompiled":true}`), precompiled)
}

func parsedFile(t *testing.T, data []byte) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func marshal(t *testing.T, m map[string]json.RawMessage) []byte {
	t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
