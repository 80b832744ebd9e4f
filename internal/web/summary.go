package web

import (
	"math"
	"slices"
	"strconv"

	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// A summary is what the page needs to know of a run before it shows a map. docs/api.md explains it to others.
type summary struct {
	Model   modelInfo   `json:"model"`
	Text    string      `json:"text"`
	Pair    *string     `json:"pair"`
	Measure measureInfo `json:"measure"`
	Layers  int         `json:"layers"`
	Heads   int         `json:"heads"` // of the measure: 1 if it gives one map a layer
	Tokens  []token     `json:"tokens"`
	Off     [][2]int    `json:"off"`    // layer, head
	Cuts    [][2]int    `json:"cuts"`   // query, key
	Causal  bool        `json:"causal"` // nothing above the diagonal

	SpecialShare short         `json:"special_share"` // of all attention, to tokens that are sinks
	Hidden       [][]short     `json:"hidden"`        // [layer][head]: the same of what the rows of other tokens give
	Roles        [][]roles     `json:"roles"`         // [layer][head], of the weights
	Letters      []string      `json:"letters"`       // [layer], a letter a head
	Legend       [][3]string   `json:"legend"`        // letter, name, rule
	Ranking      []headScore   `json:"ranking"`       // by content relation, best first
	Pairs        []pair        `json:"pairs"`         // strongest by excess, of all heads
	Similar      [][]headScore `json:"similar"`       // [layer·heads+head]; null: a text too long for it
	Top          [][]float32   `json:"top"`           // [layer][head], the largest number of the map
	Thumbs       thumbs        `json:"thumbs"`

	// Of a survey: the pieces of the text, from and to behind the last token, and whether there are no maps to go back to.
	// Hidden, Similar and Top are null then.
	Segments [][2]int `json:"segments,omitempty"`
	Long     bool     `json:"long,omitempty"`
}

type modelInfo struct {
	Name      string `json:"name"`
	Layers    int    `json:"layers"`
	Heads     int    `json:"heads"`
	KVHeads   int    `json:"kv_heads"`
	HeadDim   int    `json:"head_dim"`
	ModelDim  int    `json:"model_dim"`
	MaxSeqLen int    `json:"max_seq_len"`
	Causal    bool   `json:"causal"`
	Logits    bool   `json:"logits"`
	Params    int    `json:"params"`
}

type measureInfo struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Unit     string `json:"unit"` // "share", "length" or "distance"
	PerHead  bool   `json:"per_head"`
	Additive bool   `json:"additive"`
}

// A token has the fields of --json and those that the page needs beside them.
type token struct {
	Text    string `json:"text"`
	ID      int    `json:"id"`
	Start   int    `json:"start"` // code points of its text
	End     int    `json:"end"`
	Special bool   `json:"special"`
	Sink    bool   `json:"sink"`            // hidden with the special tokens
	Label   string `json:"label,omitempty"` // as it can be read, if not as text
	Source  string `json:"source"`          // the characters of the text
	Kind    string `json:"kind"`            // "content", "function", "punctuation" or "special"
	Word    int    `json:"word"`            // pieces of a word share it
}

type roles struct {
	Previous    short `json:"previous"`
	Next        short `json:"next"`
	Self        short `json:"self"`
	Special     short `json:"special"`
	Punctuation short `json:"punctuation"`
	SameToken   short `json:"same_token"`
	First       short `json:"first"`
	Induction   short `json:"induction"`
	Largest     short `json:"largest"`
	Confidence  short `json:"confidence"`
	Entropy     short `json:"entropy"`
	Evenness    short `json:"evenness"`
	Distance    short `json:"distance"`
	Relation    short `json:"relation"`
	Salience    short `json:"salience"`
}

func rolesOf(r lens.Roles) roles {
	return roles{short(r.Previous), short(r.Next), short(r.Self), short(r.Special), short(r.Punctuation), short(r.SameToken),
		short(r.First), short(r.Induction), short(r.Largest), short(r.Confidence), short(r.Entropy), short(r.Evenness),
		short(r.Distance), short(r.Relation), short(r.Salience)}
}

// A short is a number of which six decimals are sent, two more than are shown.
type short float64

func (x short) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(x)*1e6)/1e6, 'f', -1, 64), nil
}

type headScore struct {
	Layer int     `json:"layer"`
	Head  int     `json:"head"`
	Score float64 `json:"score"`
}

type pair struct {
	Query  int     `json:"query"`
	Key    int     `json:"key"`
	Layer  int     `json:"layer"`
	Head   int     `json:"head"`
	Weight float32 `json:"weight"`
	Excess float64 `json:"excess"`
}

// shownPairs is how many of the strongest pairs a summary has.
const shownPairs = 8

// summarise measures a run. Similar heads are left out if similar is false or the text is long.
func (r *Run) summarise(similar bool) *summary {
	s := &summary{
		Model: infoOf(r.Model), Text: r.Text, Pair: r.Pair, Measure: measureOf(r.Measure),
		Layers: r.Map.NumLayers, Heads: r.Map.NumHeads, Tokens: r.tokens(),
		Causal: r.View.Causal, SpecialShare: short(r.View.SpecialShare()), Thumbs: r.thumbnails(),
	}
	s.addEdit(r.Edit)
	s.addRoles(r.View)
	s.addScores(r.View.Ranking(), r.View.Pairs(shownPairs))
	for l := range r.Map.NumLayers {
		row := make([]float32, r.Map.NumHeads)
		for h := range row {
			row[h] = largest(r.Map.Map(l, h))
		}
		s.Top = append(s.Top, row)
	}
	if similar && len(r.Names) <= maxSimilarTokens {
		s.Similar = r.similar()
	}
	return s
}

// addEdit adds what is switched off, if anything is.
func (s *summary) addEdit(e *model.Edit) {
	s.Off, s.Cuts = [][2]int{}, [][2]int{}
	if e == nil {
		return
	}
	for _, h := range e.HeadsOff {
		s.Off = append(s.Off, [2]int{h.Layer, h.Head})
	}
	for _, c := range e.Cuts {
		s.Cuts = append(s.Cuts, [2]int{c.Query, c.Key})
	}
}

// addScores adds the ranking and the strongest pairs.
func (s *summary) addScores(ranking []lens.HeadScore, pairs []lens.Pair) {
	s.Ranking, s.Pairs = scoresOf(ranking), []pair{}
	for _, p := range pairs {
		s.Pairs = append(s.Pairs, pair{p.Query, p.Key, p.Head.Layer, p.Head.Head, p.Weight, p.Excess})
	}
}

// addRoles adds what every head does.
func (s *summary) addRoles(v *lens.View) {
	shown, measured := v.Select(false, false), v.AllRoles()
	for l := range v.NumLayers {
		hidden := []short{}
		for h := range v.NumHeads {
			hidden = append(hidden, short(v.HiddenShare(lens.Head{Layer: l, Head: h}, shown)))
		}
		s.Hidden = append(s.Hidden, hidden)
		s.addLayer(measured[l*v.NumHeads:][:v.NumHeads])
	}
}

// addLayer adds what the heads of a layer do, and once what their letters mean.
func (s *summary) addLayer(measured []lens.Roles) {
	row, line := []roles{}, ""
	for _, r := range measured {
		row, line = append(row, rolesOf(r)), line+string(r.Letter())
	}
	s.Roles, s.Letters = append(s.Roles, row), append(s.Letters, line)
	if s.Legend == nil {
		for _, l := range lens.Letters {
			s.Legend = append(s.Legend, [3]string{string(l.Letter), l.Name, l.Rule})
		}
	}
}

func scoresOf(list []lens.HeadScore) []headScore {
	scores := []headScore{}
	for _, h := range list {
		scores = append(scores, headScore{h.Layer, h.Head.Head, h.Score})
	}
	return scores
}

func infoOf(m *model.Model) modelInfo {
	i := m.Info()
	return modelInfo{
		Name: i.Name, Layers: i.NumLayers, Heads: i.NumHeads, KVHeads: i.NumKVHeads, HeadDim: i.HeadDim, ModelDim: i.ModelDim,
		MaxSeqLen: i.MaxSeqLen, Causal: i.Causal, Logits: i.HasHead, Params: i.NumParams,
	}
}

func measureOf(m lens.Measure) measureInfo {
	unit := map[lens.Unit]string{lens.Share: "share", lens.Length: "length", lens.Distance: "distance"}[m.Unit]
	return measureInfo{m.Name, m.Title, unit, m.PerHead, m.Additive}
}

func (r *Run) tokens() []token { return tokensOf(r.Input, r.View.Sinks) }

// tokensOf are the tokens of an input, some of which are sinks.
func tokensOf(r *lens.Input, sinks []int) []token {
	kinds := map[lens.Kind]string{
		lens.Content: "content", lens.Function: "function", lens.Punctuation: "punctuation", lens.Special: "special",
	}
	tokens := make([]token, len(r.Names))
	for i, t := range r.Tokens {
		tokens[i] = token{
			Text: r.Names[i], ID: r.Sequence.IDs[i], Start: r.Offsets[i][0], End: r.Offsets[i][1], Special: r.Special[i],
			Source: r.Sources[i], Kind: kinds[t.Kind], Word: t.Word, Sink: slices.Contains(sinks, i),
		}
		if r.Labels[i] != r.Names[i] {
			tokens[i].Label = r.Labels[i]
		}
	}
	return tokens
}

func largest(x []float32) float32 {
	top := float32(0)
	for _, v := range x {
		top = max(top, v)
	}
	return top
}
