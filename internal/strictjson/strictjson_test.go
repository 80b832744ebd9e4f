package strictjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// readPoints reads {"name": [number, …], …} and writes it down again.
func readPoints(text string) (string, error) {
	var b strings.Builder
	r := NewReader([]byte(text))
	err := r.Object(func(key string) error {
		fmt.Fprintf(&b, "%s:", key)
		err := r.Array(func() error {
			number, err := r.Number()
			fmt.Fprintf(&b, " %s", number)
			return err
		})
		b.WriteString(";")
		return err
	})
	if err != nil {
		return "", err
	}
	return b.String(), r.End()
}

func TestReader(t *testing.T) {
	for _, c := range []struct{ text, want, wantErr string }{
		{` {"a": [1, -2.50e3], "\u0062": []} `, "a: 1 -2.50e3;b:;", ""},
		{`{}`, "", ""},
		{``, "", "the JSON ends too early"},
		{`{`, "", "the JSON ends too early"},
		{`{"a": [1`, "", "the JSON ends too early"},
		{`[`, "", "after byte 0: found [, expected {"},
		{`null`, "", "after byte 0: found null, expected {"},
		{`{"a": 1}`, "", "after byte 4: found 1, expected ["},
		{`{"a": 1111111111111111111111}`, "", "after byte 4: found a long number, expected ["},
		{`{"a": {}}`, "", "after byte 4: found {, expected ["},
		{`{"a": [null]}`, "", "after byte 7: found null, expected a number"},
		{`{"a": [true]}`, "", "after byte 7: found true, expected a number"},
		{`{"a": ["cat"]}`, "", `after byte 7: found "cat", expected a number`},
		{`{"a": [1,]}`, "", "after byte 8: invalid character ']'"},
		{`{"a": [1}`, "", "after byte 8: invalid character '}'"},
		{`{"a": [01]}`, "", "after byte 8: invalid character '1'"},
		{`{a: [1]}`, "", "after byte 1: invalid character 'a'"},
		{`{"a": [1], "a": [2]}`, "", `"a" is there twice`},
		{`{"a": [1], "\u0061": [2]}`, "", `"a" is there twice`},
		{`{} {}`, "", "after byte 2: something follows the end"},
		{`{} x`, "", "after byte 2: something follows the end"},
		{strings.Repeat("[", 1e6), "", "after byte 0: found [, expected {"},
	} {
		got, err := readPoints(c.text)
		switch {
		case c.wantErr == "" && err != nil, c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)):
			t.Errorf("%.40s: error %v, want %q", c.text, err, c.wantErr)
		case got != c.want && c.wantErr == "":
			t.Errorf("%.40s: read %q, want %q", c.text, got, c.want)
		}
	}
}

func TestSkip(t *testing.T) {
	r := NewReader([]byte(` {"a": {"b": [1, "]", {}]}, "c": 1e5, "d": null, "e": "x"} `))
	var keys []string
	err := r.Object(func(key string) error {
		keys = append(keys, key)
		return r.Skip()
	})
	if err == nil {
		err = r.End()
	}
	if got := strings.Join(keys, ""); err != nil || got != "acde" {
		t.Errorf("keys %q (%v), want acde", got, err)
	}
	for _, text := range []string{``, `{`, `[1,]`, `]`, `nul`, strings.Repeat("[", 1e6)} {
		if err := NewReader([]byte(text)).Skip(); err == nil || !strings.Contains(err.Error(), "after byte 0: ") {
			t.Errorf("%.40s: error %v", text, err)
		}
	}
}

// What a reader accepts is JSON.
func FuzzReader(f *testing.F) {
	for _, text := range []string{`{"a": [1, 2]}`, `{"a":[-0.5e-3],"b":[]} `, `{"a":[1,]}`, `{"a":[1]]`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := readPoints(text); err == nil && !json.Valid([]byte(text)) {
			t.Error("it isn't JSON")
		}
	})
}
