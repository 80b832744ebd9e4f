package web

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// stories is a small model that continues texts.
func stories(t *testing.T) *model.Model {
	t.Helper()
	m, err := openStories()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var openStories = sync.OnceValues(func() (*model.Model, error) {
	return model.Open(filepath.Join("..", "..", "model", "testdata", "stories260K"))
})

// A continuation's lines are the prompt and the tokens that the model writes, with what it looks at in the maps of the
// whole text.
func TestGenerate(t *testing.T) {
	s := NewServer(stories(t), "127.0.0.1")
	w := ask(s, "POST", "/api/generate", `{"text":"Once upon a time","tokens":10}`)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	lines := strings.Split(strings.TrimSpace(w.Body.String()), "\n")
	var prompt struct{ Prompt []promptToken }
	decodeLine(t, lines[0], &prompt)
	if len(prompt.Prompt) != 5 || prompt.Prompt[1].Label != "␣Once" {
		t.Errorf("the prompt is %+v", prompt)
	}
	ids, text := []int{}, ""
	for _, p := range prompt.Prompt {
		ids = append(ids, p.ID)
	}
	var tokens []newToken
	for _, line := range lines[1:] {
		var token newToken
		decodeLine(t, line, &token)
		tokens = append(tokens, token)
		ids, text = append(ids, token.ID), text+token.Adds
	}
	if diff := cmp.Diff(", there was a little girl named Lily", text); diff != "" || tokens[len(tokens)-1].End != "length" {
		t.Errorf("it ends with %q\n%s", tokens[len(tokens)-1].End, diff)
	}
	trace, err := stories(t).Trace(t.Context(), model.Sequence{IDs: ids}, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, token := range tokens {
		if want := len(prompt.Prompt) + i - 1; token.Look.Query != want {
			t.Fatalf("token %d: query %d, expected %d", i, token.Look.Query, want)
		}
		for l, heads := range token.Look.Heads {
			for h, head := range heads {
				row := trace.Attention.Row(l, h, token.Look.Query)
				for k, key := range head.Keys {
					if d := row[key] - head.Weights[k]; d > 1e-5 || d < -1e-5 {
						t.Errorf("token %d, L%d H%d: looks at %d with %v, expected %v", i, l, h, key, head.Weights[k], row[key])
					}
				}
			}
		}
	}
	if free := s.outgoing.free.Load(); free != outgoingBytes {
		t.Errorf("%d bytes are free, expected %d", free, outgoingBytes)
	}
}

func decodeLine(t *testing.T, line string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), into); err != nil {
		t.Fatalf("%v in %.200s", err, line)
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, c := range []struct {
		model  *model.Model
		body   string
		status int
		says   string
	}{
		{miniLM(t), `{"text":"Once"}`, 422, "encoder"},
		{stories(t), `{"text":"Once","tokens":0}`, 400, "expected 1 to 256"},
		{stories(t), `{"text":"Once","tokens":257}`, 400, "257"},
		{stories(t), `{"text":"Once","temperature":-1}`, 422, "temperature"},
		{stories(t), `{"text":"Once","off":[[0,0]]}`, 400, "off"},
		{stories(t), `{"text":""}`, 422, "empty"},
		{stories(t), `{}`, 400, "no text"},
	} {
		w := ask(NewServer(c.model, "127.0.0.1"), "POST", "/api/generate", c.body)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s, expected %d and %q", c.body, w.Code, w.Body, c.status, c.says)
		}
	}
}

// Tokens come one by one, and a client that leaves leaves nothing behind.
func TestGenerateStreams(t *testing.T) {
	s := NewServer(stories(t), "127.0.0.1")
	server := httptest.NewServer(s)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/api/generate", strings.NewReader(`{"text":"Once","tokens":250}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for range 3 {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	for deadline := time.Now().Add(time.Minute); len(s.gate.waiting) > 0 || s.outgoing.free.Load() != outgoingBytes; {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests are still there, and %d bytes", len(s.gate.waiting), outgoingBytes-s.outgoing.free.Load())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// A model that looks back only has summaries of its kind: no special tokens means that its first token is the sink.
func TestCausalSummary(t *testing.T) {
	s := NewServer(stories(t), "127.0.0.1")
	var sum struct {
		Causal bool
		Tokens []struct {
			Text, Label   string
			Special, Sink bool
		}
		Hidden [][]float64
	}
	decode(t, ask(s, "POST", "/api/summary", `{"text":"Once upon a time"}`), &sum)
	if !sum.Causal || !sum.Tokens[0].Special || !sum.Tokens[0].Sink || sum.Tokens[1].Sink || sum.Tokens[1].Label != "␣Once" {
		t.Errorf("%+v", sum)
	}
	in, err := lens.Encode(stories(t), "Once upon a time", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	run, err := Look(t.Context(), stories(t), in, lens.Measures[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	want := run.View.HiddenShare(lens.Head{Layer: 3, Head: 2}, run.View.Select(false, false))
	if d := sum.Hidden[3][2] - want; d > 1e-6 || d < -1e-6 {
		t.Errorf("hidden %v, expected %v", sum.Hidden[3][2], want)
	}
}
