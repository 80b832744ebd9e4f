package tokenizer

import (
	"fmt"
	"strings"
)

// decoder puts tokens together. The zero value joins them with blanks.
type decoder struct {
	wordPiece bool
	prefix    string // of tokens that continue a word
	cleanup   bool   // close up blanks before punctuation and in contractions
}

func parseDecoder(n node) (decoder, error) {
	if n.kind == nullKind {
		return decoder{}, nil
	}
	f := n.fields("decoder")
	f.componentType("WordPiece")
	d := decoder{wordPiece: true, prefix: f.string("prefix"), cleanup: f.bool("cleanup")}
	return d, f.end()
}

// Decode puts tokens together to a text, without special tokens if skipSpecial is set. What Encode has dropped or changed
// stays lost: case, blanks, accents. An id that isn't in the vocabulary is an error.
func (t *Tokenizer) Decode(ids []int, skipSpecial bool) (string, error) {
	tokens := make([]string, 0, len(ids))
	for i, id := range ids {
		token, ok := t.IDToToken(id)
		if !ok {
			return "", fmt.Errorf("ids[%d] is %d, which is not in the vocabulary", i, id)
		}
		if !skipSpecial || !t.special[token] {
			tokens = append(tokens, token)
		}
	}
	return t.decoder.join(tokens), nil
}

func (d decoder) join(tokens []string) string {
	if !d.wordPiece {
		return strings.Join(tokens, " ")
	}
	var b strings.Builder
	for i, token := range tokens {
		if i > 0 {
			rest, inner := strings.CutPrefix(token, d.prefix)
			if token = rest; !inner {
				token = " " + rest
			}
		}
		if d.cleanup {
			token = cleanUp(token)
		}
		b.WriteString(token)
	}
	return b.String()
}

// cleanUp closes up blanks within a token, the one before it included. The order matters.
func cleanUp(token string) string {
	for _, r := range [...][2]string{
		{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"},
		{" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
	} {
		token = strings.ReplaceAll(token, r[0], r[1])
	}
	return token
}
