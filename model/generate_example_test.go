package model_test

import (
	"context"
	"fmt"
	"log"

	"github.com/rapt-go/rapt/model"
)

// A small model tells the beginning of a story, word by word, up to the end of its second sentence.
func ExampleModel_Generate() {
	m, err := model.Open("testdata/stories260K")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	prompt, err := m.Sequence("Once upon a time", nil)
	if err != nil {
		log.Fatal(err)
	}
	options := &model.GenerateOptions{MaxTokens: 100, Stop: []string{" One day"}}
	for token, err := range m.Generate(context.Background(), []model.Sequence{prompt}, options) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(token.Text)
	}
	fmt.Println()
	// Output:
	// , there was a little girl named Lily. She loved to play outside in the park.
}
