package web

import (
	"context"
	"encoding/base64"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// A Survey is a model's attention on an input that is too long for its maps: statistics of the weights.
type Survey struct {
	*lens.Input
	*lens.Survey
	Model   *model.Model
	Edit    *model.Edit // what was switched off; nil: nothing
	Address string      // see Run

	most     []float32 // [layer][head][segment][segment]: the largest weight of each cell
	received []float32 // [layer][head][key]: Σ over the queries
	tops     []tops    // [layer], of a survey that is to be a file
	kept     int       // of the largest weights of each query in tops
}

// SurveyOptions say what a survey is for.
type SurveyOptions struct {
	ForFile bool                            // it is written with WriteFile
	Queries []int                           // those whose rows are wanted
	Rows    func(layer int, rows []float32) // gets them while the model runs: [head][len(Queries)][key], valid during the call
}

// TakeSurvey runs the model on an input, edited if edit isn't nil, and keeps no weights. A survey for WriteFile also has the
// largest weights of every query: they are all that a file can say of single tokens. A text with too many is an error, before
// the model runs.
func TakeSurvey(ctx context.Context, m *model.Model, in *lens.Input, edit *model.Edit, o SurveyOptions) (*Survey, error) {
	r := &Survey{Input: in, Model: m, Edit: edit}
	var err error
	if o.ForFile {
		info := m.Info()
		if r.kept, err = topsKept(info.NumLayers*info.NumHeads, len(in.Names)); err != nil {
			return nil, err
		}
	}
	r.Survey, err = lens.TakeSurvey(ctx, m, in.Sequence, in.Tokens, lens.SurveyOptions{Edit: edit, Pairs: shownPairs, Queries: o.Queries,
		Each: func(layer int, st *rapt.Stats, rows []float32) {
			if o.Rows != nil {
				o.Rows(layer, rows)
			}
			r.most = append(r.most, st.PooledMax...)
			for _, sum := range st.Received {
				r.received = append(r.received, float32(sum))
			}
			if o.ForFile {
				r.tops = append(r.tops, takeTops(st, r.kept))
			}
		}})
	return r, err
}

// bytes is how much memory it keeps.
func (r *Survey) bytes() int { return 4 * (len(r.Maps.Weights) + len(r.most) + len(r.received)) }

// surveyBytes is about how much memory the survey of n tokens needs: what is kept, with the rows of one query, and the
// statistics of one layer while the model runs, some 35 numbers for each query and key of a head.
func surveyBytes(info model.Info, n int) int {
	const perHead, perRow = 2 * 4 * 64 * 64, 35 * 4
	return info.NumLayers*info.NumHeads*(perHead+8*n) + info.NumHeads*n*perRow
}

// summarise is what the page needs to know of it before it shows a head. What needs all weights isn't in it: relation and
// salience of heads, which are alike, what rows without special tokens hide. It is long if there can't be maps.
func (r *Survey) summarise(long bool) *summary {
	s := &summary{
		Model: infoOf(r.Model), Text: r.Text, Pair: r.Pair, Measure: measureOf(lens.Measures[0]),
		Layers: r.NumLayers, Heads: r.NumHeads, Tokens: tokensOf(r.Input, r.Sinks),
		Causal: r.Causal, SpecialShare: short(r.SpecialShare()), Thumbs: r.thumbnails(), Long: long,
	}
	for _, segment := range r.Segments {
		s.Segments = append(s.Segments, [2]int{segment.From, segment.To})
	}
	s.addEdit(r.Edit)
	for l := range r.NumLayers {
		measured := make([]lens.Roles, r.NumHeads)
		for h := range measured {
			measured[h] = r.Roles[lens.Head{Layer: l, Head: h}]
		}
		s.addLayer(measured)
	}
	s.addScores(r.Ranking, r.Pairs)
	return s
}

// thumbnails are of the largest weights of each cell, as those of maps are of the largest weights.
func (r *Survey) thumbnails() thumbs {
	n := len(r.Segments)
	size := min(n, maxThumb)
	var data []byte
	for at := 0; at < len(r.most); at += n * n {
		data = append(data, thumbnail(r.most[at:at+n*n], n, size)...)
	}
	return thumbs{size, base64.StdEncoding.EncodeToString(data)}
}

// mostOf and receivedOf are those of one head.
func (r *Survey) mostOf(layer, head int) []float32 { // [segment][segment]
	return part(r.most, layer*r.NumHeads+head, len(r.Segments)*len(r.Segments))
}

func (r *Survey) receivedOf(layer, head int) []float32 { // [key]
	return part(r.received, layer*r.NumHeads+head, len(r.Names))
}

// part is the n-th piece of that size.
func part(x []float32, n, size int) []float32 { return x[n*size : (n+1)*size] }
