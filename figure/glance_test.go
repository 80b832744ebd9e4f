package figure_test

import (
	"strings"
	"testing"

	"github.com/rapt-go/rapt/figure"
	"github.com/rapt-go/rapt/lens"
)

func TestGlance(t *testing.T) {
	g := figure.Glance{
		Token: "there\x1b[2J", Head: lens.Head{Layer: 1, Head: 6},
		Keys: []string{"a", "extraordinarily", "東京", ","}, Weights: []float32{0.914, 0.05, 0.03, 0.004},
	}
	for _, c := range []struct {
		screen figure.Screen
		want   string
	}{
		{figure.Screen{}, "there\\x1b[2J   L1 H6    a 91  extraordinari… 5  東京 3  , 0\n"},
		{figure.Screen{Width: 40}, "there\\x1b[2J  L1 H6    a 91\n"},
		{figure.Screen{Color: figure.ANSI16}, "\x1b[30;43ma 91\x1b[0m"},
	} {
		var b strings.Builder
		if err := g.Print(&b, c.screen); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); got != c.want && !(c.screen.Color != figure.NoColor && strings.Contains(got, c.want)) {
			t.Errorf("%+v: %q, expected %q", c.screen, got, c.want)
		}
	}
}
