package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rapt-go/rapt"
	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/internal/atomicfile"
	"github.com/rapt-go/rapt/internal/npy"
	"github.com/rapt-go/rapt/internal/web"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// mostWeights is how many weights of a text look keeps: 1 GB of them. Of a longer text it has statistics alone.
const mostWeights = 1 << 28

// needWeights are the flags that can't do with statistics.
var needWeights = []string{"words", "compare", "compare-model", "hidden", "json", "decoder-ids", "special", "no-special", "view", "mass"}

// surveys reports whether statistics are gathered in place of weights: where --stats asks for that, or where the weights
// are too many and what is asked for can do without. Where it can't, the error says how many they would be.
func (f *lookFlags) surveys(info model.Info, tokens int) (bool, error) {
	why := f.needsWeights()
	if f.stats {
		if why != "" {
			return false, usagef("--stats keeps no weights: %s has no meaning with it", why)
		}
		return true, nil
	}
	if tokens <= mostWeights/(info.NumLayers*info.NumHeads)/max(tokens, 1) {
		return false, nil
	}
	if f.format == ".npz" && why == "" {
		why = "-o " + f.output
	}
	if why != "" {
		return false, fmt.Errorf("%s needs %d layers × %d heads × %d × %[4]d weights, expected at most %d in all: --stats has statistics of them",
			why, info.NumLayers, info.NumHeads, tokens, mostWeights)
	}
	return true, nil
}

// needsWeights is the flag on the command line that can't do with statistics, or nothing.
func (f *lookFlags) needsWeights() string {
	for _, flag := range needWeights {
		if f.given(flag) {
			return "--" + flag
		}
	}
	switch {
	case f.measure.Name != lens.Measures[0].Name:
		return "--measure " + f.measure.Name
	case f.format != "" && f.format != ".npz" && f.format != ".html" && !slices.Contains(figure.Formats, f.format):
		return "-o " + f.output
	}
	return ""
}

// A survey is what is known of a text without its weights.
type survey struct {
	*lens.Survey
	took  time.Duration
	found []lens.HeadScore // with --find: all heads, best first
	stats *rapt.Stats      // with -o x.npz: [layer][head][…]
	page  *web.Survey      // with -o x.html

	received []float32 // with -i: [layer][head][key]
}

// Segments of a file are those of rapt attend --stats; fewer can be told apart in a picture.
const fileSegments, pictureSegments = 256, 64

// takeSurvey runs the model.
func (l *looking) takeSurvey(ctx context.Context) error {
	start, s := time.Now(), &survey{}
	var queries []int
	found := func(int, []float32) {}
	if l.flags.given("find") {
		query, key, err := l.input.edge("find", l.flags.find)
		if err != nil {
			return err
		}
		queries = query.tokens
		found = func(layer int, rows []float32) { s.find(layer, rows, query.tokens, key.tokens, l.info.NumHeads) }
	}
	if err := l.runSurvey(ctx, s, queries, found); err != nil {
		return err
	}
	s.took = time.Since(start)
	slices.SortStableFunc(s.found, func(a, b lens.HeadScore) int { return cmp.Compare(b.Score, a.Score) })
	l.survey = s
	return nil
}

// runSurvey gathers what the flags ask for; found gets the rows of queries in each layer.
func (l *looking) runSurvey(ctx context.Context, s *survey, queries []int, found func(layer int, rows []float32)) (err error) {
	f := l.flags
	if f.format == ".html" {
		s.page, err = web.TakeSurvey(ctx, l.model, l.input.Input, l.edit, web.SurveyOptions{ForFile: true, Queries: queries, Rows: found})
		if err == nil {
			s.Survey = s.page.Survey
		}
		return err
	}
	segments := pictureSegments
	if f.format == ".npz" {
		segments, s.stats = fileSegments, &rapt.Stats{}
	}
	each := func(layer int, st *rapt.Stats, rows []float32) {
		if s.stats != nil {
			appendStats(s.stats, st)
		}
		if f.interactive {
			for _, sum := range st.Received {
				s.received = append(s.received, float32(sum))
			}
		}
		found(layer, rows)
	}
	s.Survey, err = lens.TakeSurvey(ctx, l.model, l.input.Sequence, l.input.Tokens,
		lens.SurveyOptions{Edit: l.edit, Segments: segments, Queries: queries, Each: each})
	return err
}

// find adds a layer's heads to those that have the edge, as View.Find does.
func (s *survey) find(layer int, rows []float32, queries, keys []int, heads int) { // rows [head][query][key]
	n := len(rows) / (heads * len(queries))
	for h := range heads {
		var sum float64
		for r := range queries {
			row := rows[(h*len(queries)+r)*n:][:n]
			for _, j := range keys {
				sum += float64(row[j])
			}
		}
		s.found = append(s.found, lens.HeadScore{Head: lens.Head{Layer: layer, Head: h}, Score: sum / float64(len(queries))})
	}
}

// appendStats adds the statistics of a layer to those of the layers before it.
func appendStats(all, st *rapt.Stats) {
	all.TopK, all.OffsetBins, all.PooledRows, all.PooledCols = st.TopK, st.OffsetBins, st.PooledRows, st.PooledCols
	all.Entropy = append(all.Entropy, st.Entropy...)
	all.MaxWeight = append(all.MaxWeight, st.MaxWeight...)
	all.ArgMax = append(all.ArgMax, st.ArgMax...)
	all.Distance = append(all.Distance, st.Distance...)
	all.LSE = append(all.LSE, st.LSE...)
	all.TopIndex = append(all.TopIndex, st.TopIndex...)
	all.TopWeight = append(all.TopWeight, st.TopWeight...)
	all.ClassMass = append(all.ClassMass, st.ClassMass...)
	all.Received = append(all.Received, st.Received...)
	all.MaxReceived = append(all.MaxReceived, st.MaxReceived...)
	all.ArgMaxReceived = append(all.ArgMaxReceived, st.ArgMaxReceived...)
	all.OffsetMass = append(all.OffsetMass, st.OffsetMass...)
	all.PooledMean = append(all.PooledMean, st.PooledMean...)
	all.PooledMax = append(all.PooledMax, st.PooledMax...)
}

// deliverSurvey prints, draws or writes what was asked for.
func (l *looking) deliverSurvey(cmd *cobra.Command, screen figure.Screen) error {
	f := l.flags
	switch {
	case f.interactive:
		return l.browseSurvey(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), screen)
	case f.output == "":
		return l.printSurvey(cmd.OutOrStdout(), screen)
	}
	write := l.writeSurvey
	switch f.format {
	case ".npz":
	case ".html":
		write = func(w io.Writer) error { return l.writeSurveyHTML(cmd.Context(), w) }
	default:
		picture, err := l.surveyFigure().Heatmap(f.picture.style())
		if err != nil {
			return err
		}
		write = func(w io.Writer) error { return picture.Write(w, f.format) }
	}
	if err := atomicfile.Write(f.output, write); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	what := ""
	if f.format == ".npz" {
		what = fmt.Sprintf(": statistics of %d layers × %d heads × %d tokens", l.info.NumLayers, l.info.NumHeads, len(l.input.Tokens))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "rapt: wrote %s%s\n", f.output, what)
	return nil
}

func (l *looking) printSurvey(w io.Writer, s figure.Screen) error {
	if !l.flags.given("find") {
		return l.surveyFigure().Print(w, s)
	}
	query, key, err := l.input.edge("find", l.flags.find)
	if err != nil {
		return err
	}
	view := &lens.View{Attention: &model.Attention{NumLayers: l.info.NumLayers, NumHeads: l.info.NumHeads}, Tokens: l.input.Tokens}
	find := figure.Find{
		Subject: figure.Subject{View: view, Names: l.input.Labels, Model: l.info.Name, Took: l.survey.took},
		Query:   query.name, Key: key.name, Ranking: l.survey.found, Letters: l.survey.Letters(),
		Notes: slices.Concat(l.notes, query.notes, key.notes),
	}
	return find.Print(w, s)
}

// surveyFigure is the head to show.
func (l *looking) surveyFigure() *figure.Survey {
	f := l.flags
	picture := &figure.Survey{Survey: l.survey.Survey, Names: l.input.Labels, Model: l.info.Name, Took: l.survey.took, Notes: l.notes}
	if f.given("head") {
		picture.Head, picture.Reason = lens.Head{Layer: f.layer, Head: f.head}, "asked for with --layer and --head"
		return picture
	}
	where, best := "", l.survey.Ranking[0]
	if f.given("layer") {
		where, best = fmt.Sprintf(" of layer %d", f.layer), l.survey.PickIn(f.layer)
	}
	picture.Head = best.Head
	if best.Score == 0 {
		picture.Reason = "picked: the first" + where + ", as there aren't two words to relate"
		return picture
	}
	picture.Reason = fmt.Sprintf("picked%s: content words have most excess here, %.0f %% of their attention, of the 8 largest weights of each",
		where, 100*best.Score)
	return picture
}

// writeSurvey writes the statistics, as rapt attend --stats does, with layers in place of the batch, and the ids.
func (l *looking) writeSurvey(w io.Writer) error {
	n := len(l.input.Tokens)
	names, arrays := statsArrays(l.survey.stats, [2]int{l.info.NumLayers, l.info.NumHeads}, n, n)
	ids := make([]int64, n)
	for i, id := range l.input.Sequence.IDs {
		ids[i] = int64(id)
	}
	return npy.WriteNPZ(w, append(names, "ids"), append(arrays, &npy.Array{Shape: []int{n}, Data: ids}))
}
