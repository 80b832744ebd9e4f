package tokenizer

import (
	"fmt"
	"math"
)

// templatePiece is a part of what the post-processor makes: a text, or special tokens.
type templatePiece struct {
	text   int // 0 or 1; -1: the special tokens in ids and tokens
	typeID int
	ids    []int
	tokens []string
}

// setPostProcessor sets the templates, and what is done to offsets. Without a post-processor a template is the texts alone.
func (t *Tokenizer) setPostProcessor(n node) error {
	t.single = []templatePiece{{text: 0}}
	t.pair = []templatePiece{{text: 0}, {text: 1, typeID: 1}}
	_, err := t.addPostProcessor(n, "post_processor", "")
	return err
}

// addPostProcessor adds to what was set. before is the type of the one that adds tokens already, if any, and so is what it
// returns.
func (t *Tokenizer) addPostProcessor(n node, where, before string) (string, error) {
	if n.kind == nullKind {
		return before, nil
	}
	f := n.fields(where)
	kind := f.componentType("BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing")
	switch kind {
	case "ByteLevel":
		t.addTrim(f, before)
		f.optionalBool("use_regex", true)
		return before, f.end()
	case "Sequence":
		for i, m := range f.list("processors") {
			var err error
			if before, err = t.addPostProcessor(m.value, fmt.Sprintf("%s.processors[%d]", where, i), before); err != nil {
				return before, err
			}
		}
		return before, f.end()
	}
	if before != "" {
		f.failf("%s is %s, but %s adds tokens already, and only one is supported", where, kind, before)
	}
	first, second := templatePiece{text: 0}, templatePiece{text: 1, typeID: 1}
	switch kind {
	case "BertProcessing":
		cls, sep := t.parseBertToken(f, "cls"), t.parseBertToken(f, "sep")
		lastSep := sep
		lastSep.typeID = 1
		t.single = []templatePiece{cls, first, sep}
		t.pair = []templatePiece{cls, first, sep, second, lastSep}
	case "RobertaProcessing":
		t.addTrim(f, before)
		cls, sep := t.parseBertToken(f, "cls"), t.parseBertToken(f, "sep")
		second.typeID = 0
		t.single = []templatePiece{cls, first, sep}
		t.pair = []templatePiece{cls, first, sep, sep, second, sep}
	case "TemplateProcessing":
		specials := t.parseTemplateTokens(f)
		t.single = parseTemplate(f, "single", specials, 1)
		t.pair = parseTemplate(f, "pair", specials, 2)
	}
	return kind, f.end()
}

// parseBertToken reads a pair such as ["[SEP]", 102].
func (t *Tokenizer) parseBertToken(f *fields, key string) templatePiece {
	p := templatePiece{text: -1}
	list := f.list(key)
	if len(list) != 2 || list[0].value.kind != stringKind {
		f.failf("%s is not a token and its id", f.path(key))
		return p
	}
	p.tokens = []string{list[0].value.text}
	p.ids = t.parseIDs(f, key, list[1:])
	return p
}

// parseIDs reads ids, which must be in the vocabulary.
func (t *Tokenizer) parseIDs(f *fields, key string, list []member) []int {
	ids := make([]int, len(list))
	for i, m := range list {
		id, err := m.value.int(0, math.MaxInt32)
		if err != nil {
			f.failf("%s is %w", f.path(key), err)
		} else if _, ok := t.IDToToken(id); !ok {
			f.failf("%s is %d, which is not in the vocabulary", f.path(key), id)
		}
		ids[i] = id
	}
	return ids
}

// parseTemplateTokens reads the special tokens that templates may name.
func (t *Tokenizer) parseTemplateTokens(f *fields) map[string]templatePiece {
	n, _ := f.need("special_tokens", objectKind)
	specials := make(map[string]templatePiece)
	for _, m := range n.members() {
		s := m.value.fields(fmt.Sprintf("%s[%q]", f.path("special_tokens"), m.key))
		p := templatePiece{text: -1, ids: t.parseIDs(s, "ids", s.list("ids"))}
		for _, token := range s.list("tokens") {
			if token.value.kind != stringKind {
				s.failf("%s has %s, expected strings", s.path("tokens"), token.value.kind)
			}
			p.tokens = append(p.tokens, token.value.text)
		}
		if len(p.ids) != len(p.tokens) {
			s.failf("%s has %d ids, but %d tokens", s.where, len(p.ids), len(p.tokens))
		}
		if id := s.string("id"); id != m.key {
			s.failf("%s is %q, expected %q", s.path("id"), id, m.key)
		}
		if err := s.end(); err != nil {
			f.failf("%w", err)
		}
		if _, again := specials[m.key]; again {
			f.failf("%s has %q twice", f.path("special_tokens"), m.key)
		}
		specials[m.key] = p
	}
	return specials
}

// maxTemplate bounds the tokens of a template, which can name the same long list of tokens again and again.
const maxTemplate = 1000

// parseTemplate reads a template of so many texts.
func parseTemplate(f *fields, key string, specials map[string]templatePiece, texts int) []templatePiece {
	var template []templatePiece
	for i, m := range f.list(key) {
		where := fmt.Sprintf("%s[%d]", f.path(key), i)
		p, err := parseTemplatePiece(m.value, where, specials, texts)
		if err != nil {
			f.failf("%w", err)
		}
		template = append(template, p)
	}
	if n := countSpecial(template) + len(template); n > maxTemplate {
		f.failf("%s makes more than %d tokens of any text", f.path(key), maxTemplate)
	}
	return template
}

// parseTemplatePiece reads {"Sequence": {…}} or {"SpecialToken": {…}}.
func parseTemplatePiece(n node, where string, specials map[string]templatePiece, texts int) (templatePiece, error) {
	var p templatePiece
	members := n.members()
	if n.kind != objectKind || len(members) != 1 {
		return p, fmt.Errorf("%s is not a Sequence or SpecialToken", where)
	}
	name := members[0].key
	f := members[0].value.fields(where + "." + name)
	switch name {
	case "Sequence":
		if p.text = f.choice("id", "A", "B"); p.text >= texts {
			f.failf("%s is B, but there is one text only", f.path("id"))
		}
	case "SpecialToken":
		id := f.string("id")
		ok := false
		if p, ok = specials[id]; !ok {
			f.failf("%s is %q, which is not in special_tokens", f.path("id"), id)
		}
	default:
		return p, fmt.Errorf("unknown key %q in %s", name, where)
	}
	p.typeID = f.int("type_id", 0)
	return p, f.end()
}

func countSpecial(template []templatePiece) int {
	n := 0
	for _, p := range template {
		n += len(p.ids)
	}
	return n
}

// assemble fills a template.
func (t *Tokenizer) assemble(template []templatePiece, texts []sequence, noSpecial bool) *Encoding {
	n := 0
	for _, p := range template {
		if n += len(p.ids); p.text >= 0 {
			n += len(texts[p.text].tokens)
		}
	}
	e := &Encoding{
		IDs:      make([]int, 0, n),
		Tokens:   make([]string, 0, n),
		TypeIDs:  make([]int, 0, n),
		Offsets:  make([][2]int, 0, n),
		Special:  make([]bool, 0, n),
		Sequence: make([]int, 0, n),
	}
	for i, s := range texts {
		e.Cut[i] = s.cut
	}
	for _, p := range template {
		switch {
		case p.text >= 0:
			t.addText(e, &texts[p.text], p)
		case !noSpecial:
			e.IDs = append(e.IDs, p.ids...)
			e.Tokens = append(e.Tokens, p.tokens...)
			e.Offsets = append(e.Offsets, make([][2]int, len(p.ids))...)
			e.addOrigin(p, len(p.ids))
		}
	}
	return e
}

// addText appends the tokens of a text, where the piece p of a template says.
func (t *Tokenizer) addText(e *Encoding, s *sequence, p templatePiece) {
	for _, k := range s.tokens {
		e.IDs = append(e.IDs, int(k.id))
		e.Tokens = append(e.Tokens, t.spell(s, k))
		e.Offsets = append(e.Offsets, [2]int{int(k.start), int(k.end)})
	}
	e.addOrigin(p, len(s.tokens))
}

// addOrigin appends what tokens of the piece p of a template have in common.
func (e *Encoding) addOrigin(p templatePiece, tokens int) {
	for range tokens {
		e.TypeIDs = append(e.TypeIDs, p.typeID)
		e.Special = append(e.Special, p.text < 0)
		e.Sequence = append(e.Sequence, p.text)
	}
}

// spell returns a token as Encoding.Tokens has it.
func (t *Tokenizer) spell(s *sequence, k token) string {
	if k.verbatim > 0 {
		return s.verbatim[k.verbatim-1]
	}
	return t.vocab.tokens[k.id]
}
