package tokenizer

import "fmt"

// model cuts words into tokens.
type model interface {
	vocab() *vocabulary

	// cut appends the tokens of a word, which isn't empty, to out.
	cut(out []piece, word []byte) ([]piece, error)
}

// piece is a token of a word: the bytes from start to end.
type piece struct {
	id         int32
	start, end int32
	verbatim   bool // spelled as in the word, and not as its id is
}

func parseModel(n node) (model, error) {
	f := n.fields("model")
	kind := "WordPiece"
	switch {
	case f.err != nil:
		return nil, f.err
	// The type is missing from old files.
	case f.take("type").kind != nullKind:
		kind = f.componentType("BPE", "Unigram", "WordPiece")
	case f.take("merges").kind != nullKind:
		kind = "BPE"
	case f.take("vocab").kind == arrayKind:
		kind = "Unigram"
	case f.take("max_input_chars_per_word").kind == nullKind:
		return nil, fmt.Errorf("model has no type and isn't a BPE, Unigram or WordPiece")
	}
	switch kind {
	case "BPE":
		return parseBPE(f)
	case "Unigram":
		return parseUnigram(f)
	case "WordPiece":
		return parseWordPiece(f)
	}
	return nil, f.err
}
