package model_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// Texts give what their sequences give, in order; what is wrong with one is said with its number.
func TestEmbedTexts(t *testing.T) {
	m := loadFiles(t, minilm.Files())
	var texts []string
	for i := range 60 {
		texts = append(texts, fmt.Sprintf("Sentence number %d is about %s.", i, strings.Repeat("cats and ", i%9)+"dogs"))
	}
	got, err := m.EmbedTexts(context.Background(), texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 7, 59} {
		s, err := m.Sequence(texts[i], nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := m.Embed(context.Background(), []model.Sequence{s})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[i], want[0]) {
			t.Errorf("the embedding of text %d differs from that of its sequence", i)
		}
	}
	long := strings.Repeat("do ", 600)
	_, err = m.EmbedTexts(context.Background(), []string{"a", long}, nil)
	var tooLong *model.TooLongError
	if !errors.As(err, &tooLong) || tooLong.Tokens != 602 || tooLong.Limit != 256 {
		t.Errorf("a long text: %v", err)
	}
	wantError(t, err, "text 1", "602", "256")
	if _, err := m.EmbedTexts(context.Background(), []string{"a", long}, &model.TextOptions{Truncate: true}); err != nil {
		t.Error(err)
	}
	_, err = m.EmbedTexts(context.Background(), []string{"a", " "}, nil)
	wantError(t, err, "text 1", "empty")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.EmbedTexts(ctx, texts, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, expected %v", err, context.Canceled)
	}
	_, err = load(t, "bert", "config.json").EmbedTexts(context.Background(), texts, nil)
	wantError(t, err, "without a tokenizer")
}
