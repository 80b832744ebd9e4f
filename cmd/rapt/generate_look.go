package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/tokenizer"
)

// rows prints a line for each new token: what was looked at when it was written.
func (g *generator) rows(ctx context.Context, prompt model.Sequence) error {
	screen, err := screenOf(g.out, g.flags.color)
	if err != nil {
		return err
	}
	info := g.model.Info()
	fmt.Fprintf(g.out, "%s · %d layers × %d heads · %d tokens · what each new token was written from, %%\n",
		figure.Printable(info.Name), layersThatWrite(info), info.NumHeads, len(prompt.IDs))
	names := g.names(prompt.IDs)
	for token, err := range g.model.Generate(ctx, []model.Sequence{prompt}, g.options()) {
		if err != nil {
			return err
		}
		name, look := g.names([]int{token.ID})[0], token.Look
		if look.Encoder != nil { // what it reads ends with the prompt
			look = look.Encoder
			look.Query = len(prompt.IDs)
		}
		if err := g.row(g.out, screen, look, name, names); err != nil {
			return err
		}
		if token.Look.Encoder == nil {
			names = append(names, name)
		}
	}
	return nil
}

// row prints the line of a token that is called name; names are of those that it could be written from.
func (g *generator) row(w io.Writer, s figure.Screen, look *model.Look, name string, names []string) error {
	head := lens.Head{Layer: g.flags.layer, Head: g.flags.head}
	switch {
	case !g.flags.given("layer"):
		head = lens.PickGlance(look, 0, look.NumLayers-1)
	case !g.flags.given("head"):
		head = lens.PickGlance(look, head.Layer, head.Layer)
	}
	keys, weights, _ := look.Head(head.Layer, head.Head)
	glance := figure.Glance{Token: name, Head: head, Weights: weights}
	for _, key := range keys {
		glance.Keys = append(glance.Keys, names[key])
	}
	for i, name := range glance.Keys { // of several with one name the places tell which
		if j := slices.Index(glance.Keys, name); j != i {
			glance.Keys[i] = fmt.Sprintf("%s#%d", name, keys[i])
		}
	}
	return glance.Print(w, s)
}

// names are what tokens are called: their text where they have one of their own, without blanks around it, and else as the
// tokenizer spells them; their ids without a tokenizer.
func (g *generator) names(ids []int) []string {
	t, err := g.model.Tokenizer()
	names := make([]string, len(ids))
	for i, id := range ids {
		if names[i] = strconv.Itoa(id); err == nil {
			names[i] = nameOf(t, id)
		}
	}
	return names
}

func nameOf(t *tokenizer.Tokenizer, id int) string {
	spelled, ok := t.IDToToken(id)
	if !ok {
		return strconv.Itoa(id)
	}
	text, err := t.Decode([]int{id}, false)
	if text = strings.TrimSpace(text); err != nil || text == "" || strings.Contains(text, "\uFFFD") {
		return spelled
	}
	return text
}
