package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/internal/atomicfile"
	"github.com/rapt-go/rapt/internal/npy"
)

// formatOf is the ending of a file that look can write.
func formatOf(path string) (string, error) {
	switch ending := strings.ToLower(filepath.Ext(path)); ending {
	case ".json", ".csv", ".npz":
		return ending, nil
	case ".html", ".svg", ".png", ".pdf":
		return "", usagef("-o %s: pictures as %s aren't there yet; .json, .csv and .npz are", path, ending)
	default:
		return "", usagef("-o %s: the name must end in .json, .csv or .npz", path)
	}
}

// writeFile writes the weights to -o, and says so.
func (l *looking) writeFile(messages io.Writer) error {
	write := map[string]func(io.Writer) error{".json": l.writeJSON, ".csv": l.writeCSV, ".npz": l.writeNPZ}[l.flags.format]
	if err := atomicfile.Write(l.flags.output, write); err != nil {
		return fmt.Errorf("-o: %w", err)
	}
	a := l.trace.Attention
	fmt.Fprintf(messages, "rapt: wrote %s: %d layers × %d heads × %d × %d weights\n",
		l.flags.output, a.NumLayers, a.NumHeads, a.QueryLen, a.KeyLen)
	return nil
}

// A jsonToken is a token in the JSON output.
type jsonToken struct {
	Text    string `json:"text"`
	ID      int    `json:"id"`
	Start   int    `json:"start"` // code points of the text
	End     int    `json:"end"`
	Special bool   `json:"special"`
}

// writeJSON writes {"model", "measure", "layers", "heads", "tokens", "attention": [layer][head][query][key]}. A weight is
// the shortest decimal that reads back as the same float32.
func (l *looking) writeJSON(w io.Writer) error {
	tokens := make([]jsonToken, len(l.input.names))
	for i, name := range l.input.names {
		tokens[i] = jsonToken{name, l.input.sequence.IDs[i], l.input.offsets[i][0], l.input.offsets[i][1], l.input.special[i]}
	}
	a := l.trace.Attention
	var head bytes.Buffer
	encoder := json.NewEncoder(&head)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(struct {
		Model   string      `json:"model"`
		Measure string      `json:"measure"`
		Layers  int         `json:"layers"`
		Heads   int         `json:"heads"`
		Tokens  []jsonToken `json:"tokens"`
	}{l.info.Name, "weights", a.NumLayers, a.NumHeads, tokens}); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	out.Write(bytes.TrimSuffix(head.Bytes(), []byte("}\n")))
	out.WriteString(`,"attention":`)
	writeNested(out, a.Weights, a.NumLayers, a.NumHeads, a.QueryLen, a.KeyLen)
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

// writeCSV writes a line for each weight, quoted as in RFC 4180.
func (l *looking) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"layer", "head", "query", "key", "query_token", "key_token", "weight"})
	a := l.trace.Attention
	for layer := range a.NumLayers {
		for head := range a.NumHeads {
			for query := range a.QueryLen {
				for key, weight := range a.Row(layer, head, query) {
					out.Write([]string{strconv.Itoa(layer), strconv.Itoa(head), strconv.Itoa(query), strconv.Itoa(key),
						l.input.names[query], l.input.names[key], string(appendFloat(nil, weight))})
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

// writeNPZ writes attention (layers, heads, query, key) and ids; with --hidden also hidden (layers+1, seq, dim) and, of a
// model that has them, logits (seq, vocab).
func (l *looking) writeNPZ(w io.Writer) error {
	a, n := l.trace.Attention, len(l.input.names)
	ids := make([]int64, n)
	for i, id := range l.input.sequence.IDs {
		ids[i] = int64(id)
	}
	names := []string{"attention", "ids"}
	arrays := []*npy.Array{
		{Shape: []int{a.NumLayers, a.NumHeads, a.QueryLen, a.KeyLen}, Data: a.Weights},
		{Shape: []int{n}, Data: ids},
	}
	if l.flags.hidden {
		var hidden []float32
		for _, states := range l.trace.Hidden {
			hidden = append(hidden, states...)
		}
		names = append(names, "hidden")
		arrays = append(arrays, &npy.Array{Shape: []int{len(l.trace.Hidden), n, l.info.ModelDim}, Data: hidden})
		if l.trace.Logits != nil {
			names = append(names, "logits")
			arrays = append(arrays, &npy.Array{Shape: []int{n, len(l.trace.Logits) / n}, Data: l.trace.Logits})
		}
	}
	return npy.WriteNPZ(w, names, arrays)
}
