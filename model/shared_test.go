package model_test

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/minilm"
)

// Eight goroutines share a model and embed sentences in batches of 1 to 32: every embedding has the bits that it has alone,
// and memory doesn't grow. 48 sentences; RAPT_LONG makes it 10,000.
func TestEmbedShared(t *testing.T) {
	n := 48
	if os.Getenv("RAPT_LONG") != "" {
		n = 10000
	}
	m := loadFiles(t, minilm.Files())
	texts := sentences(n)
	want := make([][]float32, n)
	for i := range texts {
		alone, err := m.EmbedTexts(context.Background(), texts[i:i+1], nil)
		if err != nil {
			t.Fatal(err)
		}
		want[i] = alone[0]
	}
	var memory []memoryUse
	for from := 0; from < n; from += n / 4 {
		embedShared(t, m, texts[from:from+n/4], want[from:from+n/4])
		memory = append(memory, readMemory())
	}
	first, last := memory[0], memory[len(memory)-1]
	t.Logf("after each quarter: %+v", memory)
	const pieces = 1 << 20 // what the runtime itself keeps more of now and then
	if !raceDetector && last.live > first.live+pieces {
		t.Errorf("%d bytes are alive after the last quarter, %d were after the first", last.live, first.live)
	}
	// What is garbage stays until it is as much as what is alive: the heap may grow to twice that.
	if !raceDetector && last.system > first.system+2*last.live {
		t.Errorf("%d bytes were taken from the system by the last quarter, %d by the first", last.system, first.system)
	}
}

// embedShared embeds all texts on eight goroutines, each of which takes the next few until none are left.
func embedShared(t *testing.T, m *model.Model, texts []string, want [][]float32) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for g := range 8 {
		r := rand.New(rand.NewPCG(3, uint64(g)))
		wait.Go(func() {
			for {
				size := 1 + r.IntN(32)
				from := int(next.Add(int64(size))) - size
				if from >= len(texts) {
					return
				}
				got, err := m.EmbedTexts(context.Background(), texts[from:min(from+size, len(texts))], nil)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range got {
					if !slices.Equal(got[i], want[from+i]) {
						t.Errorf("the embedding of %q differs from that of the text alone", texts[from+i])
					}
				}
			}
		})
	}
	wait.Wait()
}

// sentences are of 3 to 58 words, most of them 8 to 28.
func sentences(n int) []string {
	words := strings.Fields("the cat sat on a mat and one old dog saw some new red birds over there while we were at home with her")
	r := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, n)
	for i := range texts {
		var text []string
		for range min(3+int(8*(r.ExpFloat64()+r.ExpFloat64())), 58) {
			text = append(text, words[r.IntN(len(words))])
		}
		texts[i] = strings.Join(text, " ")
	}
	return texts
}

// A memoryUse is bytes.
type memoryUse struct{ live, system uint64 }

func readMemory() memoryUse {
	runtime.GC()
	runtime.GC() // empties the pools
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return memoryUse{s.HeapAlloc, s.Sys}
}
