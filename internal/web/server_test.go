package web

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

var openMiniLM = sync.OnceValues(minilm.Load)

func miniLM(t *testing.T) *model.Model {
	t.Helper()
	m, err := openMiniLM()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ask sends a request to a server in this process.
func ask(s *Server, method, path, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:7278"
	r.Header.Set("Content-Type", "application/json")
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func host(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }

func TestStatus(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	cat := `{"text":"The cat sat."`
	for _, c := range []struct {
		name, method, path, body string
		change                   func(*http.Request)
		status                   int
		want                     string
	}{
		{"page", "GET", "/", "", nil, 200, "<!DOCTYPE html>"},
		{"module", "GET", "/app.js", "", nil, 200, "import"},
		{"no such file", "GET", "/server.go", "", nil, 404, ""},
		{"above the folder", "GET", "/../server.go", "", nil, 307, ""},
		{"model", "GET", "/api/model", "", nil, 200, `"heads":12`},
		{"post a page", "POST", "/", "", nil, 405, ""},
		{"get an answer", "GET", "/api/look", "", nil, 405, ""},
		{"summary", "POST", "/api/summary", cat + "}", nil, 200, `"special_share"`},
		{"other host", "GET", "/", "", host("attention.example:7278"), 421, "attention.example"},
		{"other host that looks alike", "GET", "/", "", host("127.0.0.1.example"), 421, ""},
		{"no host", "GET", "/", "", host(""), 421, ""},
		{"other address", "GET", "/", "", host("192.168.0.3:7278"), 421, ""},
		{"localhost", "GET", "/", "", host("localhost:9000"), 200, ""},
		{"IPv6", "GET", "/", "", host("[::1]:7278"), 200, ""},
		{"own origin", "POST", "/api/summary", cat + "}", header("Origin", "http://127.0.0.1:7278"), 200, ""},
		{"other origin", "POST", "/api/summary", cat + "}", header("Origin", "http://attention.example"), 403, "attention.example"},
		{"other port", "POST", "/api/summary", cat + "}", header("Origin", "http://127.0.0.1:80"), 403, ""},
		{"null origin", "POST", "/api/summary", cat + "}", header("Origin", "null"), 403, ""},
		{"cross-site", "GET", "/api/model", "", header("Sec-Fetch-Site", "cross-site"), 403, ""},
		{"link from elsewhere", "GET", "/", "", header("Sec-Fetch-Site", "cross-site"), 200, ""},
		{"form", "POST", "/api/summary", cat + "}", header("Content-Type", "text/plain"), 415, "text/plain"},
		{"no JSON", "POST", "/api/summary", "cat", nil, 400, "isn't the JSON"},
		{"two values", "POST", "/api/summary", cat + "}{}", nil, 400, "more than one"},
		{"unknown field", "POST", "/api/summary", cat + `,"colour":1}`, nil, 400, "colour"},
		{"no text", "POST", "/api/summary", "{}", nil, 400, "no text"},
		{"empty", "POST", "/api/summary", `{"text":""}`, nil, 422, "empty"},
		{"large body", "POST", "/api/summary", `{"text":"` + strings.Repeat("a", maxBody) + `"}`, nil, 413, "131072"},
		{"large text", "POST", "/api/summary", `{"text":"` + strings.Repeat("a", maxText+1) + `"}`, nil, 413, "60000"},
		{"long text", "POST", "/api/summary", `{"text":"` + strings.Repeat("a ", 600) + `"}`, nil, 422, "602 tokens"},
		{"measure", "POST", "/api/summary", cat + `,"measure":"weight"}`, nil, 400, "norm"},
		{"no layer", "POST", "/api/layer", cat + "}", nil, 400, "no layer"},
		{"layer", "POST", "/api/layer", cat + `,"layer":6}`, nil, 400, "there are 6, 0 to 5"},
		{"head", "POST", "/api/inside", cat + `,"layer":0,"head":-1}`, nil, 400, "head -1"},
		{"off", "POST", "/api/summary", cat + `,"off":[[0,12]]}`, nil, 400, "head 12"},
		{"cut", "POST", "/api/summary", cat + `,"cuts":[[0,9]]}`, nil, 400, "key 9"},
		{"nothing off", "POST", "/api/switch", cat + "}", nil, 400, "off"},
		{"token", "POST", "/api/find", cat + `,"queries":[9],"keys":[1]}`, nil, 400, "token 9"},
		{"compare cut", "POST", "/api/compare", cat + `,"layer":0,"head":0,"other":"a","cuts":[[1,1]]}`, nil, 400, "cuts"},
		{"nothing to compare", "POST", "/api/compare", cat + `,"layer":0,"head":0}`, nil, 400, "no other"},
		{"flow of a long text", "POST", "/api/summary", `{"measure":"flow","text":"` + strings.Repeat("a ", 40) + `"}`, nil, 422, "30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := c.change
			if change == nil {
				change = func(*http.Request) {}
			}
			w := ask(s, c.method, c.path, c.body, change)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%d %.300s, expected %d with %q in it", w.Code, w.Body, c.status, c.want)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy %q", csp)
			}
		})
	}
}

// A server that others may reach answers at every address of its machine, and still not under foreign names.
func TestHosts(t *testing.T) {
	for _, c := range []struct {
		listen, host string
		want         bool
	}{
		{"127.0.0.1", "10.0.0.1", false},
		{"localhost", "10.0.0.1", false},
		{"0.0.0.0", "10.0.0.1:80", true},
		{"", "10.0.0.1:80", true},
		{"0.0.0.0", "attention.example", false},
		{"attention.example", "attention.example:80", true},
		{"attention.example", "ATTENTION.example:80", true},
		{"attention.example", "other.example", false},
		{"::1", "[::1]:80", true},
	} {
		if got := (&Server{host: c.listen}).isOwnHost(c.host); got != c.want {
			t.Errorf("listening on %q, host %q: %v, expected %v", c.listen, c.host, got, c.want)
		}
	}
}

type lookAnswer struct {
	Model, Measure string
	Layers, Heads  int
	Tokens         []struct {
		Text string
		ID   int
	}
	Attention [][][][]float32
}

// Every answer about weights gives the same ones, to the bit, and those are the library's.
func TestAnswersAgree(t *testing.T) {
	m := miniLM(t)
	s := NewServer(m, "127.0.0.1")
	text := "The animal didn't cross the street because it was too tired."
	subject, err := lens.Encode(m, text, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := m.Trace(t.Context(), subject.Sequence, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	var look lookAnswer
	decode(t, ask(s, "POST", "/api/look", `{"text":"`+text+`"}`), &look)
	n := len(subject.Names)
	if len(look.Tokens) != n || look.Layers != 6 || look.Heads != 12 || look.Measure != "weights" {
		t.Fatalf("look: %d tokens, %d layers, %d heads, %q", len(look.Tokens), look.Layers, look.Heads, look.Measure)
	}
	layer := ask(s, "POST", "/api/layer", `{"text":"`+text+`","layer":4}`).Body.Bytes()
	if len(layer) != 4*12*n*n {
		t.Fatalf("the layer has %d bytes, expected %d", len(layer), 4*12*n*n)
	}
	for h := range 12 {
		for i := range n {
			for j, want := range trace.Attention.Row(4, h, i) {
				at := 4 * ((h*n+i)*n + j)
				if got := math.Float32frombits(binary.LittleEndian.Uint32(layer[at:])); got != want || look.Attention[4][h][i][j] != want {
					t.Fatalf("head %d, %d → %d: %v and %v, expected %v", h, i, j, got, look.Attention[4][h][i][j], want)
				}
			}
		}
	}
	var inside struct{ X, Q, K, V, Weights [][]float32 }
	decode(t, ask(s, "POST", "/api/inside", `{"text":"`+text+`","layer":4,"head":7}`), &inside)
	if len(inside.X) != n || len(inside.X[0]) != 384 || len(inside.Q[0]) != 32 {
		t.Fatalf("x is %d × %d, q has %d columns", len(inside.X), len(inside.X[0]), len(inside.Q[0]))
	}
	for i := range n {
		checkRow(t, inside.Q[i], inside.K, trace.Attention.Row(4, 7, i))
	}
}

// checkRow works a row of weights out from q and k in float64. A float32 product of 32 terms is off by at most some
// 32·2⁻²⁴ of Σ|q·k|, which is far below 1e-5 for scores of this model's size.
func checkRow(t *testing.T, q []float32, k [][]float32, want []float32) {
	t.Helper()
	exps, sum := make([]float64, len(k)), 0.0
	for j := range k {
		score := 0.0
		for d := range q {
			score += float64(q[d]) * float64(k[j][d])
		}
		exps[j] = math.Exp(score / math.Sqrt(float64(len(q))))
		sum += exps[j]
	}
	for j := range k {
		if got := exps[j] / sum; math.Abs(got-float64(want[j])) > 1e-5 {
			t.Errorf("key %d: %v from q and k, expected %v", j, got, want[j])
		}
	}
}

// Heads that are off change what is above them, and the answers say so.
func TestSwitchAnswers(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	var effect struct {
		Hidden   [][]float64
		Sentence float64
		Before   []any
	}
	decode(t, ask(s, "POST", "/api/switch", `{"text":"The cat sat.","off":[[2,3]]}`), &effect)
	if len(effect.Hidden) != 7 || effect.Hidden[2][1] > 1e-6 || effect.Hidden[3][1] <= 0 || effect.Sentence <= 0 || len(effect.Before) != 0 {
		t.Errorf("effect %+v", effect)
	}
	layer := func(l, off string) []byte {
		return ask(s, "POST", "/api/layer", `{"text":"The cat sat.","layer":`+l+off+`}`).Body.Bytes()
	}
	if !bytes.Equal(layer("2", ""), layer("2", `,"off":[[2,3]]`)) || bytes.Equal(layer("3", ""), layer("3", `,"off":[[2,3]]`)) {
		t.Error("the maps below the head change, or those above it don't")
	}
}

// An edge that is cut is 0 in every head, and changes what is above.
func TestCutAnswers(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	var look struct{ Attention [][][][]float32 }
	decode(t, ask(s, "POST", "/api/look", `{"text":"The cat sat.","cuts":[[3,2]]}`), &look)
	for l, heads := range look.Attention {
		for h, rows := range heads {
			if rows[3][2] != 0 || rows[2][3] == 0 {
				t.Errorf("L%d H%d: sat → cat %v, cat → sat %v", l, h, rows[3][2], rows[2][3])
			}
		}
	}
	var effect struct {
		Hidden   [][]float64
		Sentence float64
	}
	decode(t, ask(s, "POST", "/api/switch", `{"text":"The cat sat.","cuts":[[3,2]]}`), &effect)
	if effect.Hidden[1][3] <= 0 || effect.Hidden[1][2] > 1e-6 || effect.Sentence <= 0 {
		t.Errorf("effect %+v", effect)
	}
}

func TestCompareAnswer(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	var c struct {
		A, B       []int
		Difference [][]float64
		UnmatchedA float64 `json:"unmatched_a"`
	}
	decode(t, ask(s, "POST", "/api/compare", `{"text":"The cat sat.","other":"The dog sat.","layer":1,"head":0}`), &c)
	if want := []int{0, 1, 3, 4, 5}; len(c.A) != len(want) || len(c.Difference) != len(want) || c.UnmatchedA <= 0 || c.UnmatchedA >= 1 {
		t.Errorf("%+v", c)
	}
}

func decode(t *testing.T, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

// Answers that nobody reads don't pile up.
func TestOutgoing(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	s.outgoing.free.Store(10_000)
	layer := `{"text":"The cat sat.","layer":1}` // 12·6·6·4 bytes
	if w := ask(s, "POST", "/api/layer", layer); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.outgoing.take(9_000)
	if w := ask(s, "POST", "/api/layer", layer); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s, expected 503 with Retry-After", w.Code, w.Body)
	}
	s.outgoing.give(9_000)
	if got := s.outgoing.free.Load(); got != 10_000 {
		t.Errorf("%d are free, expected 10000", got)
	}
}

// What is kept stays within its limit, and the oldest goes first.
func TestCache(t *testing.T) {
	run := func(n int) *Run {
		subject, err := lens.Encode(miniLM(t), strings.Repeat("a ", n), nil, false)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Look(t.Context(), miniLM(t), subject, lens.Measures[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	small := run(1) // 3 tokens: 72·9·4 bytes
	c := newCache(2 * 72 * 9 * 4)
	for _, key := range []string{"a", "b"} {
		c.add(key, small)
	}
	c.get("a")
	c.add("c", small)
	c.add("large", run(5))
	for key, want := range map[string]bool{"a": true, "b": false, "c": true, "large": false} {
		if got := c.get(key) != nil; got != want {
			t.Errorf("%s is there: %v, expected %v", key, got, want)
		}
	}
}
