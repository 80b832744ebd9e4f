package web

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// repeated is a text of 154 tokens, so that segments are of two and three.
var repeated = strings.Repeat("The cat saw the dog that sat by an old tree. ", 12) + "It rained, and the dog ran."

// request is the body of a request about a text, with more fields.
func request(text, more string) string { return fmt.Sprintf(`{"text":%q%s}`, text, more) }

// The figures of a head, and exact rows, are those of its map.
func TestSurveyAnswers(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	for name, edit := range map[string]string{"plain": "", "edited": `,"off":[[1,2]],"cuts":[[20,5]]`} {
		t.Run(name, func(t *testing.T) {
			var look struct{ Attention [][][][]float32 }
			decode(t, ask(s, "POST", "/api/look", request(repeated, edit)), &look)
			checkPooled(t, s, edit, look.Attention[3][7])
			var row struct {
				Queries []int
				Weights [][]float32
			}
			decode(t, ask(s, "POST", "/api/row", request(repeated, edit+`,"layer":3,"head":7,"queries":[20,153]`)), &row)
			for r, query := range []int{20, 153} {
				for j, want := range look.Attention[3][7][query] {
					if got := row.Weights[r][j]; math.Abs(float64(got-want)) > 1e-6 {
						t.Fatalf("%d → %d is %v, expected %v", query, j, got, want)
					}
				}
			}
			if cut := row.Weights[0][5]; (cut == 0) != (edit != "") {
				t.Errorf("20 → 5 is %v", cut)
			}
			var want, got []headScore
			edge := edit + `,"queries":[20,21],"keys":[3,4]`
			decode(t, ask(s, "POST", "/api/find", request(repeated, edge)), &want)
			decode(t, ask(s, "POST", "/api/find", request(repeated, edge+`,"survey":true`)), &got)
			for i := range want {
				if math.Abs(got[i].Score-want[i].Score) > 1e-6 {
					t.Errorf("place %d: %v, expected %v", i, got[i], want[i])
				}
			}
		})
	}
}

// checkPooled holds what there is of a head against its map.
func checkPooled(t *testing.T, s *Server, edit string, weights [][]float32) {
	t.Helper()
	var p struct {
		Segments   [][2]int
		Share, Max [][]float64
		Received   []float64
	}
	decode(t, ask(s, "POST", "/api/pooled", request(repeated, edit+`,"layer":3,"head":7`)), &p)
	if len(p.Segments) != 64 || p.Segments[63][1] != len(weights) || len(p.Received) != len(weights) {
		t.Fatalf("%d segments to %d, %d numbers for %d tokens", len(p.Segments), p.Segments[63][1], len(p.Received), len(weights))
	}
	for r, rows := range p.Segments {
		for c, columns := range p.Segments {
			var sum, most float64
			for i := rows[0]; i < rows[1]; i++ {
				for _, w := range weights[i][columns[0]:columns[1]] {
					sum, most = sum+float64(w), max(most, float64(w))
				}
			}
			sum /= float64(rows[1] - rows[0])
			if math.Abs(p.Share[r][c]-sum) > 1e-5 || math.Abs(p.Max[r][c]-most) > 1e-5 {
				t.Fatalf("cell %d, %d: %v and %v, expected %v and %v", r, c, p.Share[r][c], p.Max[r][c], sum, most)
			}
		}
	}
	for j, got := range p.Received {
		var sum float64
		for i := range weights {
			sum += float64(weights[i][j])
		}
		if math.Abs(got-sum) > 1e-4 {
			t.Fatalf("token %d receives %v, expected %v", j, got, sum)
		}
	}
}

// A text whose maps are too large is surveyed without being asked, and what needs all weights is refused by name.
func TestSurveyOfLongText(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	s.mapBytes = 4 * 72 * 100 * 100
	var long, short summary
	decode(t, ask(s, "POST", "/api/summary", request(repeated, "")), &long)
	decode(t, ask(s, "POST", "/api/summary", request("The cat sat.", "")), &short)
	if len(long.Segments) != 64 || short.Segments != nil || len(long.Tokens) != 154 || long.Thumbs.Size != maxThumb {
		t.Errorf("%d and %d segments, %d tokens, thumbnails of %d", len(long.Segments), len(short.Segments), len(long.Tokens), long.Thumbs.Size)
	}
	var asked summary
	decode(t, ask(s, "POST", "/api/summary", request("The cat sat.", `,"survey":true`)), &asked)
	if diff := cmp.Diff(short.Letters, asked.Letters); len(asked.Segments) != 6 || diff != "" && !strings.Contains(strings.Join(short.Letters, ""), "S") {
		t.Errorf("%d segments; letters %s", len(asked.Segments), diff)
	}
	for _, c := range []struct {
		path, more string
		status     int
		want       string
	}{
		{"look", "", 422, "the maps of 72 heads"},
		{"look", `,"survey":true`, 400, "look needs all weights"},
		{"compare", `,"survey":true,"other":"a","layer":0,"head":0`, 400, "compare needs all weights"},
		{"summary", `,"measure":"norm"`, 422, "measure norm needs all weights"},
		{"summary", `,"measure":"gnorm"`, 400, "gnorm"},
		{"pooled", `,"layer":3`, 400, "no head"},
		{"pooled", `,"layer":6,"head":0`, 400, "there are 6, 0 to 5"},
		{"row", `,"layer":3,"head":7`, 400, "no queries"},
		{"row", `,"layer":3,"head":7,"queries":[154]`, 400, "there are 154, 0 to 153"},
		{"row", `,"layer":3,"head":7,"queries":[0,1,2,3,4,5,6,7,8]`, 400, "at most 8"},
		{"find", `,"queries":[1]`, 400, "no keys"},
		{"find", `,"queries":[1],"keys":[154]`, 400, "there are 154"},
		{"row", `,"layer":0,"head":0,"queries":[1],"cuts":[[154,0]]`, 400, "there are 154"},
	} {
		w := ask(s, "POST", "/api/"+c.path, request(repeated, c.more))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: %d %.200s, expected %d and %q", c.path, c.more, w.Code, w.Body, c.status, c.want)
		}
	}
}

// What was surveyed is kept, for each edit by itself, and nothing larger than the statistics is.
func TestSurveyKept(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	for range 2 {
		for _, edit := range []string{"", `,"off":[[1,2]]`} {
			for head := range 3 {
				decode(t, ask(s, "POST", "/api/pooled", request(repeated, fmt.Sprintf(`%s,"layer":3,"head":%d`, edit, head))), new(any))
				decode(t, ask(s, "POST", "/api/row", request(repeated, fmt.Sprintf(`%s,"layer":3,"head":%d,"queries":[9]`, edit, head))), new(any))
			}
		}
	}
	const heads, n = 72, 154
	if want := 2 * 4 * heads * (2*64*64 + n + n); len(s.cache.runs) != 4 || s.cache.size != want {
		t.Errorf("%d are kept, %d bytes; expected 4, %d", len(s.cache.runs), s.cache.size, want)
	}
	if need := surveyBytes(s.model.Info(), n); need < s.cache.size/2 {
		t.Errorf("a survey is said to need %d bytes, and keeps %d", need, s.cache.size/2)
	}
}

// A client that has left is given up, and its place is free.
func TestSurveyCancelled(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, "POST", "/api/row", strings.NewReader(request(repeated, `,"layer":3,"head":7,"queries":[9]`)))
	r.Host = "127.0.0.1:7278"
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Body.Len() > 0 || len(s.gate.waiting) > 0 || len(s.longGate.waiting) > 0 || len(s.cache.runs) > 0 {
		t.Errorf("it answers %s, %d and %d wait, %d are kept", w.Body, len(s.gate.waiting), len(s.longGate.waiting), len(s.cache.runs))
	}
}

// The file of a survey has what the survey has, and of each token the largest weights.
func TestSurveyFile(t *testing.T) {
	in, err := lens.Encode(miniLM(t), repeated, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := TakeSurvey(t.Context(), miniLM(t), in, nil, SurveyOptions{ForFile: true})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := r.WriteFile(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	var data struct {
		Segments       [][2]int
		Maps, Received code
		Tops           int
	}
	if err := json.Unmarshal([]byte(scriptOf(t, page.String(), "data")), &data); err != nil {
		t.Fatal(err)
	}
	if data.Tops != 8 || len(data.Segments) != 64 {
		t.Fatalf("%d largest weights, %d segments", data.Tops, len(data.Segments))
	}
	trace, err := miniLM(t).Trace(t.Context(), in.Sequence, model.Want{Weights: true})
	if err != nil {
		t.Fatal(err)
	}
	n := len(in.Names)
	raw, err := io.ReadAll(flate.NewReader(bytes.NewReader(fromBase85(t, scriptOf(t, page.String(), "index-3")))))
	if err != nil {
		t.Fatal(err)
	}
	weights := data.Maps.unpack(t, scriptOf(t, page.String(), "weight-3"))
	entries := len(raw) / 3
	if entries != 12*n*8 || len(weights) != entries {
		t.Fatalf("%d keys and %d weights", entries, len(weights))
	}
	for at, got := range weights {
		key := int(raw[at]) + int(raw[entries+at])<<8 + int(raw[2*entries+at])<<16 - 1
		want := float64(trace.Attention.Row(3, at/(8*n), at/8%n)[key])
		unit := map[bool]float64{want < .0005: 1e-4, want >= .0005 && want < .0995: 1e-3, want >= .0995: 1e-2}[true] // see digitLevels
		if math.Abs(got-want) > unit/2+1e-6 {
			t.Fatalf("head %d, %d → %d is %v, expected %v", at/(8*n), at/8%n, key, got, want)
		}
	}
	received := data.Received.unpack(t, scriptOf(t, page.String(), "received-3"))
	for at, got := range received {
		if want := float64(r.receivedOf(3, at/n)[at%n]); math.Abs(got-want) > .005*want {
			t.Fatalf("head %d: token %d receives %v, expected %v", at/n, at%n, got, want)
		}
	}
}

// scriptOf is what is in a script of a page.
func scriptOf(t *testing.T, page, id string) string {
	t.Helper()
	_, after, found := strings.Cut(page, `id="`+id+`">`)
	content, _, closed := strings.Cut(after, "</script>")
	if !found || !closed {
		t.Fatalf("there is no script %s", id)
	}
	return content
}

// Of very many tokens a file has fewer weights each, and of more than that it isn't written.
func TestSurveyFileLimits(t *testing.T) {
	for _, c := range []struct{ heads, n, want int }{{72, 512, 8}, {270, 1900, 8}, {270, 8192, 1}, {270, 4000, 3}, {1 << 12, 1 << 10, 1}} {
		if got, err := topsKept(c.heads, c.n); got != c.want || err != nil {
			t.Errorf("%d heads, %d tokens: %d of each and error %v, expected %d", c.heads, c.n, got, err, c.want)
		}
	}
	long := &lens.Input{Names: make([]string, 60_000)} // without a sequence: the model can't run on it
	if _, err := TakeSurvey(t.Context(), miniLM(t), long, nil, SurveyOptions{ForFile: true}); err == nil || !strings.Contains(err.Error(), "60000 tokens in 72 heads are 4320000; expected 4194304 at most") {
		t.Errorf("error %v", err)
	}
}

// A key that isn't there is refused before the model runs.
func TestFindInRowsRefusesFirst(t *testing.T) {
	s := NewServer(miniLM(t), "127.0.0.1")
	answer := ask(s, "POST", "/api/find", `{"text":"The cat sat.","survey":true,"queries":[1],"keys":[6]}`)
	if kept := s.cache.order.Len(); answer.Code != 400 || !strings.Contains(answer.Body.String(), "token 6: there are 6, 0 to 5") || kept != 0 {
		t.Errorf("%d %s, and %d runs are kept", answer.Code, answer.Body, kept)
	}
}
