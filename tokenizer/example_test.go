package tokenizer_test

import (
	"fmt"

	"github.com/rapt-go/rapt/tokenizer"
)

func Example() {
	t, err := tokenizer.Open("testdata/minilm/tokenizer.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	text := "Unbelievable Ünderstatements"
	e, err := t.Encode(text, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	runes := []rune(text)
	for i, id := range e.IDs {
		fmt.Printf("%-5d %-12s %q\n", id, e.Tokens[i], string(runes[e.Offsets[i][0]:e.Offsets[i][1]]))
	}
	s, err := t.Decode(e.IDs, true)
	fmt.Println(s, err)
	// Output:
	// 101   [CLS]        ""
	// 23653 unbelievable "Unbelievable"
	// 2104  under        "Ünder"
	// 9153  ##sta        "sta"
	// 18532 ##tem        "tem"
	// 11187 ##ents       "ents"
	// 102   [SEP]        ""
	// unbelievable understatements <nil>
}

// Tokens of a byte-level tokenizer can be parts of characters: nothing comes before one is whole.
func ExampleTokenizer_Stream() {
	t, err := tokenizer.Parse([]byte(`{"model": {"type": "BPE", "vocab": {"ã": 0, "ģ": 1, "Ĥ": 2, "Ċ": 3}, "merges": []},
		"decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	s := t.Stream(true)
	for _, id := range []int{0, 1, 2, 3, 0} {
		text, err := s.Next(id)
		fmt.Printf("%q %v\n", text, err)
	}
	rest, err := s.Flush()
	fmt.Printf("%q %v\n", rest, err)
	// Output:
	// "" <nil>
	// "" <nil>
	// "あ" <nil>
	// "\n" <nil>
	// "" <nil>
	// "�" <nil>
}
