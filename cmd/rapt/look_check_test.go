package main

import (
	"slices"
	"strings"
	"testing"
)

// Any two flags that are right by themselves go together, or the error names both.
func TestLookFlagsInPairs(t *testing.T) {
	flags := [][]string{
		{"--model", "m"}, {"--pair", "b"}, {"--ids", "1,2"}, {"--ids", "1,2", "--type-ids", "0,0"}, {"--decoder-ids", "0,5", "--json"}, {"--truncate"}, {"--layer", "2"},
		{"--layer", "2", "--head", "3"}, {"--find", "a:b"}, {"--measure", "norm"}, {"--measure", "rollout"}, {"--words"},
		{"--compare", "b"}, {"--compare-model", "m"}, {"--off", "3:1"}, {"--cut", "a:b"}, {"--special"}, {"--no-special"}, {"-i"}, {"--json"},
		{"-o", "x.html"}, {"-o", "x.json"}, {"-o", "x.csv"}, {"-o", "x.npz"}, {"-o", "x.npz", "--hidden"}, {"-o", "x.svg"},
		{"-o", "x.svg", "--view", "arcs"}, {"-o", "x.html", "--view", "arcs", "--mass", ".5"}, {"-o", "x.svg", "--view", "heads"},
		{"-o", "x.pdf", "--view", "roles"}, {"-o", "x.png", "--theme", "dark"}, {"--colormap", "cividis"}, {"--color", "always"},
	}
	check := func(args []string) error {
		var f lookFlags
		cmd := newLookCommand()
		cmd.ResetFlags()
		f.define(cmd)
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		f.given = cmd.Flags().Changed
		text := []string{"a b"}
		if f.given("ids") {
			text = nil
		}
		return f.check(cmd, text)
	}
	named := func(message string, flags []string) bool {
		return slices.ContainsFunc(flags, func(flag string) bool {
			return strings.HasPrefix(flag, "-") && strings.Contains(message+" ", flag+" ") || strings.Contains(message, flag+":")
		})
	}
	for _, a := range flags {
		if err := check(a); err != nil {
			t.Errorf("%v: %v", a, err)
		}
		for _, b := range flags {
			if slices.ContainsFunc(a, func(flag string) bool { return strings.HasPrefix(flag, "-") && slices.Contains(b, flag) }) {
				continue
			}
			err := check(slices.Concat(a, b))
			if err == nil {
				continue
			}
			message := strings.NewReplacer("--interactive", "-i", "--output", "-o").Replace(err.Error())
			if !named(message, a) || !named(message, b) {
				t.Errorf("%v with %v: %v", a, b, err)
			}
		}
	}
}
