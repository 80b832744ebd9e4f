package web

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// insideTokens is the longest text whose q, k and v go into a file.
const insideTokens = 12

// A fileData is what a file has beside the page: the summary, how its numbers are written, and the numbers, a layer each.
type fileData struct {
	*summary
	Start  string   `json:"start"` // the address to start with
	Maps   code     `json:"maps"`
	Inside *fileQKV `json:"inside"` // null: a text too long for it
	blocks []block  // of each layer the maps; with Inside also q, k and v
}

// A block is numbers of a layer, as they are written.
type block struct {
	name  string
	layer int
	data  string
}

// A fileQKV says how q, k and v of every head are written.
type fileQKV struct {
	Code code `json:"code"`
}

// WriteFile writes the page with the run in it, as one HTML file that works without a network.
func (r *Run) WriteFile(ctx context.Context, w io.Writer) error {
	data := fileData{summary: r.summarise(true), Start: r.Address}
	top := 0.0
	for _, row := range data.Top {
		for _, v := range row {
			top = max(top, float64(v))
		}
	}
	data.Maps = mapCode(len(r.Names), top)
	size := r.Map.NumHeads * r.Map.QueryLen * r.Map.KeyLen
	for l := range r.Map.NumLayers {
		data.blocks = append(data.blocks, block{"layer", l, data.Maps.pack(r.Map.Weights[l*size : (l+1)*size])})
	}
	if len(r.Names) <= insideTokens && r.Measure.Name == "weights" {
		if err := r.addInsides(ctx, &data); err != nil {
			return err
		}
	}
	return writeDocument(w, r.Text, &data, data.blocks)
}

// writeDocument writes the page with what it shows in it: data, and blocks of numbers.
func writeDocument(w io.Writer, text string, data any, blocks []block) error {
	header, err := json.Marshal(data) // escapes <, so that no text ends its element
	if err != nil {
		return err
	}
	var scripts strings.Builder
	fmt.Fprintf(&scripts, "<script type=\"application/json\" id=\"data\">%s</script>\n", header)
	for _, b := range blocks {
		fmt.Fprintf(&scripts, "<script type=\"text/plain\" id=\"%s-%d\">%s</script>\n", b.name, b.layer, b.data)
	}
	document, err := singleFile(title(text), scripts.String())
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, document)
	return err
}

// addInsides adds q, k and v of every layer, each [seq][head][headDim]; of keys and values there may be fewer heads.
func (r *Run) addInsides(ctx context.Context, data *fileData) error {
	insides, err := r.insides(ctx, nil)
	if err != nil {
		return err
	}
	all, top := make([][]float32, r.Map.NumLayers), 0.0
	for l := range all {
		for _, x := range [][]float32{insides[l].q, insides[l].k, insides[l].v} {
			all[l] = append(all[l], x...)
		}
		for _, v := range all[l] {
			top = max(top, math.Abs(float64(v)))
		}
	}
	data.Inside = &fileQKV{halvesCode(top, 3)}
	for l := range all {
		data.blocks = append(data.blocks, block{"inside", l, data.Inside.Code.pack(all[l])})
	}
	return nil
}

// title is the beginning of the text.
func title(text string) string {
	const most = 60
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(runes)
}
