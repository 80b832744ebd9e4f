package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts of testdata/script call this test binary as rapt.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"rapt": main})
}

func TestScripts(t *testing.T) {
	models, err := filepath.Abs(filepath.Join("..", "..", "model", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(e *testscript.Env) error {
		e.Setenv("MODELS", models) // directories of small models
		return nil
	}})
}

// runCommand executes a command line in this process, and gives what it printed and how it ended.
func runCommand(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, messages bytes.Buffer
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&messages)
	err = root.ExecuteContext(t.Context())
	return out.String(), err
}
