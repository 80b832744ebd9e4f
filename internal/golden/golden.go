// Package golden holds attention as others compute it, for the tests of package rapt, of the textbook and of the
// command: Torch has PyTorch's answers in float64, ONNX the conformance cases of the operators Attention and
// FlexAttention. The data travels in the package, so it is for tests only.
package golden

import (
	"embed"
	"encoding/json"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/internal/safetensors"
)

//go:embed testdata/*.json testdata/*.safetensors
var files embed.FS

// A suite is one set of cases and the tensors that they name.
type suite struct {
	cases   []byte
	tensors *safetensors.File
}

var (
	torchSuite = sync.OnceValues(func() (suite, error) { return load("torch") })
	onnxSuite  = sync.OnceValues(func() (suite, error) { return load("onnx") })
)

func load(name string) (suite, error) {
	cases, err := files.ReadFile("testdata/" + name + ".json")
	if err != nil {
		return suite{}, err
	}
	data, err := files.ReadFile("testdata/" + name + ".safetensors")
	if err != nil {
		return suite{}, err
	}
	tensors, err := safetensors.Parse(data)
	return suite{cases, tensors}, err
}

// open gives the tensors of a suite and its cases in the form that cases points to.
func open(t testing.TB, from func() (suite, error), cases any) *safetensors.File {
	t.Helper()
	s, err := from()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(s.cases, cases); err != nil {
		t.Fatal(err)
	}
	return s.tensors
}

// must is what a conversion gives, where anything else means that the package's own data is broken.
func must[T any](t testing.TB, x T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return x
}
