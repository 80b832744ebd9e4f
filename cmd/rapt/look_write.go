package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/internal/atomicfile"
	"github.com/rapt-go/rapt/internal/npy"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
)

// formatOf is the ending of a file that look can write.
func formatOf(path string) (string, error) {
	switch ending := strings.ToLower(filepath.Ext(path)); ending {
	case ".html", ".json", ".csv", ".npz", ".svg", ".png", ".pdf":
		return ending, nil
	default:
		return "", usagef("-o %s: the name must end in .html, .json, .csv or .npz, or in .svg, .png or .pdf", path)
	}
}

// writeFile writes the maps, or a picture, to -o and says so.
func (l *looking) writeFile(ctx context.Context, messages io.Writer) error {
	write, drawn := map[string]func(io.Writer) error{".json": l.writeJSON, ".csv": l.writeCSV, ".npz": l.writeNPZ}[l.flags.format], false
	switch {
	case l.flags.format == ".html":
		write, drawn = func(w io.Writer) error { return l.writeHTML(ctx, w) }, true
	case write == nil:
		write, drawn = l.writePicture, true
	}
	if err := atomicfile.Write(l.flags.output, write); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	if drawn {
		fmt.Fprintf(messages, "rapt: wrote %s\n", l.flags.output)
		return nil
	}
	a := l.maps
	fmt.Fprintf(messages, "rapt: wrote %s: %d layers × %d heads × %d × %d %s\n",
		l.flags.output, a.NumLayers, a.NumHeads, a.QueryLen, a.KeyLen, l.flags.measure.Name)
	return nil
}

// writePicture draws the view that was asked for.
func (l *looking) writePicture(w io.Writer) error {
	var p *figure.Picture
	style := l.flags.picture.style()
	switch l.flags.picture.view {
	case viewArcs:
		var err error
		if p, err = l.figure().Arcs(style, l.flags.picture.mass); err != nil {
			return err
		}
	case viewHeads:
		p = (&figure.Heads{Subject: l.subject(), NoSpecial: l.flags.plain}).Picture(style)
	case viewRoles:
		p = (&figure.Roles{Subject: l.subject()}).Picture(style)
	default:
		p = l.figure().Heatmap(style)
	}
	return p.Write(w, l.flags.format)
}

// A jsonToken is a token in the JSON output.
type jsonToken struct {
	Text    string `json:"text"`
	ID      int    `json:"id"`
	Start   int    `json:"start"` // code points of the text
	End     int    `json:"end"`
	Special bool   `json:"special"`
}

// writeJSON writes {"model", "measure", "layers", "heads", "tokens", "attention": [layer][head][query][key]}, with --off or
// --cut also {"off", "cut", "effect"}, with --decoder-ids {"decoder_ids", "decoder_attention", "cross_attention"}. A number
// is the shortest decimal that reads back as the same float32. A measure with one map a layer has one head; a word of
// several tokens has the id −1.
func (l *looking) writeJSON(w io.Writer) error {
	a := l.maps
	var head bytes.Buffer
	encoder := json.NewEncoder(&head)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(struct {
		Model   string      `json:"model"`
		Measure string      `json:"measure"`
		Layers  int         `json:"layers"`
		Heads   int         `json:"heads"`
		Tokens  []jsonToken `json:"tokens"`
		Decoder []int       `json:"decoder_ids,omitempty"`
		Off     []string    `json:"off,omitempty"`
		Cut     []string    `json:"cut,omitempty"`
		Effect  *effect     `json:"effect,omitempty"`
	}{l.info.Name, l.flags.measure.Name, a.NumLayers, a.NumHeads, l.tokens, l.flags.decoderIDs, l.flags.off, l.flags.cut, l.effect}); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	out.Write(bytes.TrimSuffix(head.Bytes(), []byte("}\n")))
	out.WriteString(`,"attention":`)
	writeNested(out, a.Weights, a.NumLayers, a.NumHeads, a.QueryLen, a.KeyLen)
	for _, m := range l.decoderMaps() {
		fmt.Fprintf(out, ",%q:", m.name)
		writeNested(out, m.of.Weights, m.of.NumLayers, m.of.NumHeads, m.of.QueryLen, m.of.KeyLen)
	}
	out.WriteString("}\n")
	return out.Flush()
}

// writeNested writes values as JSON arrays within arrays, of such lengths from the outermost to the innermost.
func writeNested(out *bufio.Writer, values []float32, lengths ...int) {
	out.WriteByte('[')
	size := len(values) / lengths[0]
	for i := range lengths[0] {
		if i > 0 {
			out.WriteByte(',')
		}
		if len(lengths) == 1 {
			out.Write(appendFloat(out.AvailableBuffer(), values[i]))
		} else {
			writeNested(out, values[i*size:(i+1)*size], lengths[1:]...)
		}
	}
	out.WriteByte(']')
}

// appendFloat appends the shortest decimal that reads back as v.
func appendFloat(b []byte, v float32) []byte { return strconv.AppendFloat(b, float64(v), 'g', -1, 32) }

// writeCSV writes a line for each weight, quoted as in RFC 4180. The last column is named weight, or by the measure.
func (l *looking) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	measure := "weight"
	if name := l.flags.measure.Name; name != lens.Measures[0].Name {
		measure = name
	}
	out.Write([]string{"layer", "head", "query", "key", "query_token", "key_token", measure})
	a := l.maps
	for layer := range a.NumLayers {
		for head := range a.NumHeads {
			for query := range a.QueryLen {
				for key, weight := range a.Row(layer, head, query) {
					out.Write([]string{strconv.Itoa(layer), strconv.Itoa(head), strconv.Itoa(query), strconv.Itoa(key),
						l.tokens[query].Text, l.tokens[key].Text, string(appendFloat(nil, weight))})
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

// writeNPZ writes attention (layers, heads, query, key) and ids; with --hidden also hidden (layers+1, seq, dim) and, of a
// model that has them, logits (seq, vocab). With --decoder-ids there are also decoder_attention and cross_attention, and
// decoder_ids; with --hidden decoder_hidden, and logits are the decoder's.
func (l *looking) writeNPZ(w io.Writer) error {
	var names []string
	var arrays []*npy.Array
	add := func(name string, data any, shape ...int) {
		names, arrays = append(names, name), append(arrays, &npy.Array{Shape: shape, Data: data})
	}
	addMaps := func(name string, a *model.Attention) {
		add(name, a.Weights, a.NumLayers, a.NumHeads, a.QueryLen, a.KeyLen)
	}
	addHidden := func(name string, layers [][]float32, n int) {
		add(name, slices.Concat(layers...), len(layers), n, l.info.ModelDim)
	}
	var ids []int
	for _, t := range l.tokens {
		ids = append(ids, t.ID)
	}
	addMaps("attention", l.maps)
	add("ids", int64s(ids), len(ids))
	for _, m := range l.decoderMaps() {
		addMaps(m.name, m.of)
	}
	scored, decoder := len(l.input.Names), l.flags.decoderIDs
	if decoder != nil {
		scored = len(decoder)
		add("decoder_ids", int64s(decoder), len(decoder))
	}
	if l.flags.hidden {
		addHidden("hidden", l.trace.Hidden, len(l.input.Names))
		if decoder != nil {
			addHidden("decoder_hidden", l.trace.DecoderHidden, len(decoder))
		}
		if logits := l.trace.Logits; logits != nil {
			add("logits", logits, scored, len(logits)/scored)
		}
	}
	return npy.WriteNPZ(w, names, arrays)
}

// int64s are ids as files have them.
func int64s(ids []int) []int64 {
	list := make([]int64, len(ids))
	for i, id := range ids {
		list[i] = int64(id)
	}
	return list
}

// namedMaps are maps by the name that they have in files.
type namedMaps struct {
	name string
	of   *model.Attention
}

// decoderMaps are the maps of a decoder, if it has run: of its tokens among themselves, and of what they see of the
// encoder's.
func (l *looking) decoderMaps() []namedMaps {
	if l.trace == nil || l.trace.DecoderAttention == nil {
		return nil
	}
	return []namedMaps{{"decoder_attention", l.trace.DecoderAttention}, {"cross_attention", l.trace.CrossAttention}}
}
