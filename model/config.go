package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/rapt-go/rapt/internal/quote"
)

// A config is a config.json, read key by key. Its readers return a value in any case and keep the first error, so that
// a family's configuration reads as a list of its keys. A key that is absent or null has the default of transformers.
type config struct {
	values map[string]json.RawMessage
	err    error
}

func parseConfig(data []byte) (*config, error) {
	c := &config{}
	if err := json.Unmarshal(data, &c.values); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	return c, nil
}

func (c *config) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

// read decodes a key into value and reports whether it is there.
func (c *config) read(key string, value any, kind string) bool {
	raw, ok := c.values[key]
	if !ok || string(raw) == "null" {
		return false
	}
	if err := json.Unmarshal(raw, value); err != nil {
		c.fail("%s is %s, expected %s", key, describe(raw), kind)
		return false
	}
	return true
}

// describe says on one line, however long it is, what a JSON value is.
func describe(raw json.RawMessage) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	}
	const limit = 30
	if len(raw) > limit {
		return string(raw[:limit]) + "…"
	}
	return string(raw)
}

// count is a positive whole number.
func (c *config) count(key string, absent int) int {
	n := absent
	if c.read(key, &n, "a whole number") && (n < 1 || n > math.MaxInt32) {
		c.fail("%s is %d, expected a number from 1 to %d", key, n, math.MaxInt32)
	}
	return n
}

// index is a whole number from 0 on.
func (c *config) index(key string, absent int) int {
	n := absent
	if c.read(key, &n, "a whole number") && (n < 0 || n >= math.MaxInt32) {
		c.fail("%s is %d, expected a number from 0 to %d", key, n, math.MaxInt32-1)
	}
	return n
}

// alias is a count that transformers accepts under either of two keys, the second being its general name.
func (c *config) alias(key, general string, absent int) int {
	n := c.count(key, c.count(general, absent))
	if other := c.count(general, n); other != n {
		c.fail("%s is %d and %s is %d; they mean the same thing", key, n, general, other)
	}
	return n
}

// positive is a positive number.
func (c *config) positive(key string, absent float64) float64 {
	x := absent
	if c.read(key, &x, "a number") && !(x > 0) {
		c.fail("%s is %v, expected a positive number", key, x)
	}
	return x
}

// number is any number.
func (c *config) number(key string, absent float64) float64 {
	x := absent
	c.read(key, &x, "a number")
	return x
}

// cap is a positive number, or 0 where the key is null.
func (c *config) cap(key string, absent float64) float32 {
	if c.isNull(key) {
		return 0
	}
	return float32(c.positive(key, absent))
}

// required is a positive number that has no default.
func (c *config) required(key string) float64 {
	if c.absent(key) {
		c.fail("%s is missing", key)
	}
	return c.positive(key, 1)
}

// flag is true or false.
func (c *config) flag(key string, absent bool) bool {
	on := absent
	c.read(key, &on, "true or false")
	return on
}

func (c *config) text(key, absent string) string {
	s := absent
	c.read(key, &s, "a string")
	return s
}

// activation is the function that a key names.
func (c *config) activation(key, absent string) activation {
	name := c.text(key, absent)
	f, ok := activations[name]
	if !ok {
		c.fail("%s is %s, which isn't supported; these are: %s", key, quote.Text(name), activationNames())
	}
	return f
}

// only refuses a key that has any other value than the one that is supported.
func (c *config) only(key, supported string) {
	if value := c.text(key, supported); value != supported {
		c.fail("%s is %s; only %q is supported", key, quote.Text(value), supported)
	}
}

// off refuses keys that change the result when they are true.
func (c *config) off(keys ...string) {
	for _, key := range keys {
		var on bool
		if c.read(key, &on, "true or false") && on {
			c.fail("%s is true, which isn't supported", key)
		}
	}
}

// empty refuses keys that change the result when they have content.
func (c *config) empty(keys ...string) {
	for _, key := range keys {
		switch string(c.values[key]) {
		case "", "null", "{}", "[]", "false":
		default:
			c.fail("%s is %s, which isn't supported", key, describe(c.values[key]))
		}
	}
}

// encoderOnly refuses what turns an encoder into something else, or its parameters into something that has to be
// decoded. Keys that have no effect on inference (dropout, initializer_range, use_cache, id2label, the names of token
// ids, what transformers notes for itself) are not looked at; nor are keys that transformers doesn't know either.
func (c *config) encoderOnly() {
	c.only("position_embedding_type", "absolute")
	c.off("is_decoder", "add_cross_attention", "is_encoder_decoder")
	c.empty("pruned_heads", "quantization_config")
}

// headDim is the width of a head: modelDim shared among the heads.
func (c *config) headDim(dimKey string, modelDim int, headsKey string, heads int) int {
	if c.err == nil && modelDim%heads != 0 {
		c.fail("%s is %d, which can't be divided among %s %d", dimKey, modelDim, headsKey, heads)
	}
	return modelDim / max(heads, 1)
}

// absent reports whether a key is missing, null or an object without keys.
func (c *config) absent(key string) bool {
	switch string(c.values[key]) {
	case "", "null", "{}":
		return true
	}
	return false
}

// isNull reports whether a key is there and null, which in some places is not the same as absent.
func (c *config) isNull(key string) bool { return string(c.values[key]) == "null" }

// inside reads the object of a key, an empty one if there is none. Its first error has the key in front.
func (c *config) inside(key string, read func(*config)) {
	in := &config{values: map[string]json.RawMessage{}}
	c.read(key, &in.values, "an object")
	read(in)
	if in.err != nil {
		c.fail("%s: %w", key, in.err)
	}
}

// known refuses keys that are not in a list.
func (c *config) known(keys ...string) {
	for _, key := range slices.Sorted(maps.Keys(c.values)) {
		if !slices.Contains(keys, key) {
			c.fail("there is a key %s, which isn't supported", quote.Text(key))
		}
	}
}
