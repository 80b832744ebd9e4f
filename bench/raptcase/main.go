// Command raptcase runs one case for rivals.py. It reads lines of JSON and answers each with one: first a case with the
// folder of its inputs, then how often to run it, or what to measure.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"runtime"
	"time"

	"github.com/rapt-go/rapt/internal/measure"
)

// A request is one line of input: a case, or what to do with it.
type request struct {
	Folder  string `json:"folder"` // of the inputs
	Threads int    `json:"threads"`

	attentionRequest
	modelRequest

	Run  int    `json:"run"`  // so many calls; the answer is the seconds of each
	Peak bool   `json:"peak"` // operations a second that all of Threads together can do
	Read bool   `json:"read"` // bytes a second that they read from memory
	Save string `json:"save"` // write the output there
}

// A benchCase is a case with its inputs.
type benchCase interface {
	call() error

	// output is that of the last call, as rivals.py reads it.
	output() ([]byte, error)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	var c benchCase
	for in.Scan() {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		answer, err := answer(&c, &r)
		if err != nil {
			log.Fatal(err)
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}

func answer(c *benchCase, r *request) (any, error) {
	if (r.Peak || r.Read || r.Folder != "") && r.Threads < 1 {
		return nil, fmt.Errorf("threads is %d, expected at least 1", r.Threads)
	}
	switch {
	case r.Folder != "":
		runtime.GOMAXPROCS(r.Threads)
		next, err := load(r)
		*c = next
		return "ready", err
	case r.Peak:
		return measure.Peak(r.Threads), nil
	case r.Read:
		return measure.ReadRate(r.Threads), nil
	case *c == nil:
		return nil, fmt.Errorf("there is no case yet")
	case r.Save != "":
		data, err := (*c).output()
		if err != nil {
			return nil, err
		}
		return "saved", os.WriteFile(r.Save, data, 0o644)
	case r.Run < 1:
		return nil, fmt.Errorf("run is %d, expected at least 1", r.Run)
	}
	seconds := make([]float64, r.Run)
	for i := range seconds {
		start := time.Now()
		if err := (*c).call(); err != nil {
			return nil, err
		}
		seconds[i] = time.Since(start).Seconds()
	}
	return seconds, nil
}

func load(r *request) (benchCase, error) {
	switch {
	case r.Model != "":
		return r.loadModel()
	case r.Want != "":
		return r.loadTokenizer()
	}
	return r.loadAttention()
}

func floats(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data)%4 != 0 {
		return nil, fmt.Errorf("%s has %d bytes, expected a multiple of 4", path, len(data))
	}
	x := make([]float32, len(data)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return x, nil
}

func bytesOf(x []float32) []byte {
	data := make([]byte, 0, 4*len(x))
	for _, f := range x {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
	}
	return data
}
