package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// charsMap is the map of the normalizer Precompiled: characters, and short strings of them, and what they become. Its form
// is sentencepiece's precompiled_charsmap: the size of a trie in bytes, a double array of 32-bit units (Aoe 1989, as
// darts-clone lays it out), then all results, each with a zero behind it. The value of a key is where its result begins.
type charsMap struct {
	units   []uint32
	results string
	ascii   [utf8.RuneSelf]string // what each ASCII character becomes, itself if nothing
}

// unit is a node: bits 0–7 its label, bit 8 whether a key ends there, from bit 9 on where its children are.
func unitHasLeaf(u uint32) bool  { return u>>8&1 == 1 }
func unitLabel(u uint32) uint32  { return u & (1<<31 | 0xFF) }
func unitValue(u uint32) uint32  { return u & (1<<31 - 1) }
func unitOffset(u uint32) uint32 { return u >> 10 << (u & (1 << 9) >> 6) }

func (f *fields) charsMap(key string) *charsMap {
	data, err := base64.StdEncoding.DecodeString(f.string(key))
	if err != nil {
		f.failf("%s is not base64: %w", f.path(key), err)
		return nil
	}
	m, err := parseCharsMap(data)
	if err != nil {
		f.failf("%s: %w", f.path(key), err)
	}
	return m
}

func parseCharsMap(data []byte) (*charsMap, error) {
	if len(data) < 4 {
		return nil, fmt.Errorf("%d bytes, expected at least 4", len(data))
	}
	size, data := int64(binary.LittleEndian.Uint32(data)), data[4:]
	if size > int64(len(data)) || size < 4 || size%4 != 0 {
		return nil, fmt.Errorf("a trie of %d bytes, but %d are there", size, len(data))
	}
	m := &charsMap{units: make([]uint32, size/4), results: string(data[size:])}
	for i := range m.units {
		m.units[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	if at := invalidUTF8(m.results); at >= 0 {
		return nil, fmt.Errorf("the results are not UTF-8 at byte %d", at)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	for c := range m.ascii {
		if r, ok := m.find([]byte{byte(c)}); ok {
			m.ascii[c] = r
		} else {
			m.ascii[c] = string(rune(c))
		}
	}
	return m, nil
}

// check visits all nodes once, so that find needs no checks: each one that has children has them within the array, and
// each value is the beginning of a character of results.
func (m *charsMap) check() error {
	seen := make([]bool, len(m.units))
	nodes := []uint32{unitOffset(m.units[0])}
	for len(nodes) > 0 {
		base := nodes[len(nodes)-1]
		nodes = nodes[:len(nodes)-1]
		if base|0xFF >= uint32(len(m.units)) {
			return fmt.Errorf("a node of the trie has its children at %d of %d", base|0xFF, len(m.units))
		}
		if seen[base] {
			continue
		}
		seen[base] = true
		for label := uint32(1); label < 256; label++ {
			u := m.units[base^label]
			if unitLabel(u) != label {
				continue
			}
			child := base ^ label ^ unitOffset(u)
			nodes = append(nodes, child)
			if !unitHasLeaf(u) || child >= uint32(len(m.units)) {
				continue
			}
			if v := int(unitValue(m.units[child])); v > len(m.results) || v < len(m.results) && !utf8.RuneStart(m.results[v]) {
				return fmt.Errorf("a key has its result at %d of %d", v, len(m.results))
			}
		}
	}
	return nil
}

// find returns the result of the shortest key that s begins with.
func (m *charsMap) find(s []byte) (result string, ok bool) {
	node := unitOffset(m.units[0])
	for _, c := range s {
		if c == 0 {
			break
		}
		node ^= uint32(c)
		u := m.units[node]
		if unitLabel(u) != uint32(c) {
			break
		}
		node ^= unitOffset(u)
		if unitHasLeaf(u) {
			result, _, _ = strings.Cut(m.results[unitValue(m.units[node]):], "\x00")
			return result, true
		}
	}
	return "", false
}

// maxCluster is the length in bytes from which on a cluster isn't looked up as a whole.
const maxCluster = 6

// apply rewrites n.run. The library goes by extended grapheme clusters: it looks for the shortest beginning of a cluster
// that is in the map and takes it for all of it; where there is none, and for long clusters, it looks up each character.
func (m *charsMap) apply(n *normalized) {
	text := n.spelled()
	out := n.changes[:0]
	changed := false
	for len(text) > 0 {
		if c := text[0]; c < utf8.RuneSelf && c != '\r' && (len(text) == 1 || text[1] < utf8.RuneSelf) {
			// A cluster of its own: nothing of ASCII joins another but a line feed a carriage return.
			result := m.ascii[c]
			if len(result) == 1 {
				changed = changed || result[0] != c
				out = append(out, change{char: rune(result[0])})
			} else {
				changed = true
				out = appendReplaced(out, 1, result)
			}
			text = text[1:]
			continue
		}
		size, _, _ := graphemes.SplitFunc(text, true)
		out, changed = m.appendCluster(out, text[:size], changed)
		text = text[size:]
	}
	if n.changes = out; changed {
		n.transform(0)
	}
}

func (m *charsMap) appendCluster(out []change, cluster []byte, changed bool) ([]change, bool) {
	if len(cluster) < maxCluster {
		if result, ok := m.find(cluster); ok {
			return appendReplaced(out, utf8.RuneCount(cluster), result), true
		}
	}
	for len(cluster) > 0 {
		r, size := utf8.DecodeRune(cluster)
		if result, ok := m.find(cluster[:size]); ok {
			out, changed = appendReplaced(out, 1, result), true
		} else {
			out = append(out, change{char: r})
		}
		cluster = cluster[size:]
	}
	return out, changed
}

// appendReplaced appends the changes that put result in the place of so many characters. What is removed counts for the
// character before, and for none at the beginning of a text: what follows then seems to come from further left.
func appendReplaced(out []change, chars int, result string) []change {
	before := len(out)
	for _, r := range result {
		out = append(out, change{char: r})
	}
	added := len(out) - before - chars
	for i := len(out) - 1; i >= len(out)-added; i-- {
		out[i].by = 1
	}
	if added < 0 && len(out) > 0 {
		out[len(out)-1].by += added
	}
	return out
}
