package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/rapt-go/rapt/internal/atomicfile"
	"github.com/rapt-go/rapt/internal/npy"
)

// printNumbers prints the numbers of each embedding on a line.
func printNumbers(out *bufio.Writer) taker {
	return func(embeddings [][]float32) error {
		for _, embedding := range embeddings {
			for i, x := range embedding {
				if i > 0 {
					out.WriteByte(' ')
				}
				fmt.Fprint(out, x) // a failure stays with out, and Flush returns it
			}
			out.WriteByte('\n')
		}
		return out.Flush()
	}
}

// printObjects prints {"dim", "embedding"} for each embedding on a line.
func printObjects(out *bufio.Writer) taker {
	return func(embeddings [][]float32) error {
		lines, errs := make([][]byte, len(embeddings)), make([]error, len(embeddings))
		inParallel(len(embeddings), func(i int) { lines[i], errs[i] = embeddingLine(embeddings[i]) })
		for i, line := range lines {
			if errs[i] != nil {
				return errs[i]
			}
			out.Write(line) // a failure stays with out, and Flush returns it
		}
		return out.Flush()
	}
}

// embeddingLine is what is printed for a text in JSON.
func embeddingLine(embedding []float32) ([]byte, error) {
	line, err := json.Marshal(struct {
		Dim       int       `json:"dim"`
		Embedding []float32 `json:"embedding"`
	}{len(embedding), embedding})
	return append(line, '\n'), err
}

// writeEmbeddings writes the embeddings that each gives to a file: .jsonl, or .npy with an array (texts, dim).
func writeEmbeddings(path string, dim int, each func(taker) error) error {
	if strings.EqualFold(filepath.Ext(path), ".jsonl") {
		return atomicfile.Write(path, func(w io.Writer) error { return each(printObjects(bufio.NewWriter(w))) })
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		all := []float32{} // the number of rows comes first in the file
		err := each(func(embeddings [][]float32) error {
			for _, x := range embeddings {
				all = append(all, x...)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return npy.Write(w, &npy.Array{Shape: []int{len(all) / dim, dim}, Data: all})
	})
}
