package rapt_test

import (
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rapt-go/rapt"
	"pgregory.net/rapid"
)

// TestStatisticsAlone says that a statistic has the same bits whatever else is asked for.
func TestStatisticsAlone(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(5, 5)), 1, 2, 1, 300, 700, 16, 16)
	p.o.Causal, p.o.QueryStart = true, 400
	all, _ := p.statistics(t)
	q, k, v := p.tensors()
	for _, name := range []string{"Entropy", "MaxWeight", "ArgMax", "Distance", "LSE", "TopIndex", "TopWeight", "Received", "MaxReceived", "OffsetMass", "PooledMean", "PooledMax", "ClassMass"} {
		one := &rapt.Stats{TopK: all.TopK, OffsetBins: all.OffsetBins, PooledRows: all.PooledRows, PooledCols: all.PooledCols}
		field, want := reflect.ValueOf(one).Elem().FieldByName(name), reflect.ValueOf(all).Elem().FieldByName(name)
		field.Set(reflect.MakeSlice(field.Type(), want.Len(), want.Len()))
		if name == "ClassMass" {
			one.KeyClasses = all.KeyClasses
		}
		if err := rapt.Statistics(one, nil, q, k, v, &p.o); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(field.Interface(), want.Interface()) {
			t.Errorf("%s alone differs from %s with all others", name, name)
		}
	}
}

// TestStatisticsRagged says that a ragged batch gives each sequence the statistics that it has alone.
func TestStatisticsRagged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		const heads, kvHeads, dim = 4, 2, 8
		queryOffsets, keyOffsets := []int{0}, []int{0}
		for range rapid.IntRange(1, 4).Draw(t, "batch") {
			queryOffsets = append(queryOffsets, queryOffsets[len(queryOffsets)-1]+rapid.SampledFrom([]int{0, 1, 12, 30, 200}).Draw(t, "queries"))
			keyOffsets = append(keyOffsets, keyOffsets[len(keyOffsets)-1]+rapid.SampledFrom([]int{0, 1, 33, 300, 600}).Draw(t, "keys"))
		}
		batch, queries, keys := len(queryOffsets)-1, queryOffsets[len(queryOffsets)-1], keyOffsets[len(keyOffsets)-1]
		p := newProblem(rng, 1, heads, kvHeads, queries, keys, dim, dim)
		all := p.newStats()
		all.PooledRows, all.PooledCols = 5, 7
		all.PooledMean, all.PooledMax = make([]float32, batch*heads*35), make([]float32, batch*heads*35)
		all.OffsetBins = []int{-600, -5, 0, 1, 5, 600}
		all.OffsetMass = make([]float64, batch*heads*5)
		q, k, _ := p.tensors()
		o := &rapt.Options{QueryOffsets: queryOffsets, KeyOffsets: keyOffsets, Causal: rapid.Bool().Draw(t, "causal")}
		if err := rapt.Statistics(all, nil, q, k, rapt.Tensor[float32]{}, o); err != nil {
			t.Fatal(err)
		}
		for b := range batch {
			from, to, first, last := queryOffsets[b], queryOffsets[b+1], keyOffsets[b], keyOffsets[b+1]
			one := newProblem(rng, 1, heads, kvHeads, to-from, last-first, dim, dim)
			copy(one.q, p.q[from*heads*dim:])
			copy(one.k, p.k[first*kvHeads*dim:])
			alone := one.newStats()
			alone.KeyClasses = all.KeyClasses[first:last]
			alone.PooledRows, alone.PooledCols, alone.OffsetBins = 5, 7, all.OffsetBins
			alone.PooledMean, alone.PooledMax, alone.OffsetMass = make([]float32, heads*35), make([]float32, heads*35), make([]float64, heads*5)
			q, k, _ := one.tensors()
			if err := rapt.Statistics(alone, nil, q, k, rapt.Tensor[float32]{}, &rapt.Options{Causal: o.Causal}); err != nil {
				t.Fatal(err)
			}
			for h := range heads {
				if n := to - from; !sameBits(alone.Entropy[h*n:(h+1)*n], all.Entropy[h*queries+from:h*queries+to]) {
					t.Fatalf("the entropy of sequence %d differs", b)
				}
				if n := last - first; !slices.Equal(alone.Received[h*n:(h+1)*n], all.Received[h*keys+first:h*keys+last]) ||
					!slices.Equal(alone.ArgMaxReceived[h*n:(h+1)*n], all.ArgMaxReceived[h*keys+first:h*keys+last]) {
					t.Fatalf("what keys of sequence %d receive differs", b)
				}
			}
			if !sameBits(alone.PooledMean, all.PooledMean[b*heads*35:(b+1)*heads*35]) || !slices.Equal(alone.OffsetMass, all.OffsetMass[b*heads*5:(b+1)*heads*5]) {
				t.Fatalf("the map or the diagonals of sequence %d differ", b)
			}
		}
	})
}

// TestStatisticsTies repeats keys and queries: of equal weights the lower key comes first, in whatever blocks they are, and
// of equal weights received the lower query.
func TestStatisticsTies(t *testing.T) {
	const queries, keys, dim = 500, 2100, 8
	p := newProblem(rand.New(rand.NewPCG(6, 6)), 1, 1, 1, queries, keys, dim, dim)
	for j := range keys {
		copy(p.k[j*dim:][:dim], p.k[j%3*dim:])
	}
	for i := range queries {
		copy(p.q[i*dim:][:dim], p.q)
	}
	for _, topK := range []int{8, 40} {
		s := p.newStats()
		s.TopK, s.TopIndex, s.TopWeight = topK, make([]int32, queries*topK), make([]float32, queries*topK)
		q, k, v := p.tensors()
		if err := rapt.Statistics(s, nil, q, k, v, nil); err != nil {
			t.Fatal(err)
		}
		for i := range queries {
			for n, j := range s.TopIndex[i*topK:][:topK] {
				if want := s.ArgMax[0]%3 + 3*int32(n); j != want {
					t.Fatalf("query %d: key %d at place %d of the largest, expected %d", i, j, n, want)
				}
			}
		}
		for j, from := range s.ArgMaxReceived {
			if from != 0 {
				t.Fatalf("key %d receives most from query %d, expected 0", j, from)
			}
		}
	}
}

// TestStatisticsNaN says that a NaN comes out in the rows that see it and in the keys that these rows weigh, and in no
// others.
func TestStatisticsNaN(t *testing.T) {
	const n, bad = 400, 250
	p := newProblem(rand.New(rand.NewPCG(7, 7)), 1, 1, 1, n, n, 8, 8)
	p.o.Causal = true
	clean, _ := p.statistics(t)
	p.k[bad*8+3] = float32(math.NaN())
	s, _ := p.statistics(t)
	isNaN := func(x float32) bool { return x != x }
	for i := range n {
		sees := i >= bad
		if isNaN(s.Entropy[i]) != sees || isNaN(s.Distance[i]) != sees || isNaN(s.LSE[i]) != sees || isNaN(s.MaxWeight[i]) != sees ||
			isNaN(s.TopWeight[8*i+7]) != sees || sees != (s.ArgMax[i] == -1) {
			t.Fatalf("query %d: entropy %v, largest weight %v of key %d, expected NaN from query %d on", i, s.Entropy[i], s.MaxWeight[i], s.ArgMax[i], bad)
		}
		if !sees && s.Entropy[i] != clean.Entropy[i] {
			t.Fatalf("query %d doesn't see the NaN, and has another entropy", i)
		}
	}
	for j := range n {
		if !math.IsNaN(s.Received[j]) {
			t.Fatalf("key %d receives %v, expected NaN: a query that sees a NaN sees it too", j, s.Received[j])
		}
		if isNaN(s.MaxReceived[j]) || j < bad && !(s.MaxReceived[j] > 0) {
			t.Fatalf("key %d receives at most %v, expected a number from a query that sees no NaN", j, s.MaxReceived[j])
		}
	}

	// Hidden from all queries that see a NaN, a key receives no NaN.
	p.o.Window = &rapt.Window{Left: 10, Right: 0}
	s, _ = p.statistics(t)
	for j := range n {
		if near := j > bad-11 && j <= bad+10; math.IsNaN(s.Received[j]) != near {
			t.Fatalf("key %d receives %v, and a query that sees key %d sees it: %v", j, s.Received[j], bad, near)
		}
	}
}

// TestStatisticsSums holds sums over thousands of numbers against float64, to 1e-6 of their size and the rounding of the
// scores.
func TestStatisticsSums(t *testing.T) {
	if testing.Short() {
		t.Skip("a few seconds")
	}
	const n, dim = 3000, 4
	p := newProblem(rand.New(rand.NewPCG(8, 8)), 1, 1, 1, n, n, dim, dim)
	s, _ := p.statistics(t)
	received, mass, worst := make([]float64, n), make([]float64, len(s.OffsetMass)), 0.0
	row := make([]float64, n)
	for i := range n {
		sum, moment, product := 0.0, 0.0, 0.0
		for j := range n {
			x := 0.0
			for d := range dim {
				x += float64(p.q[i*dim+d]) * float64(p.k[j*dim+d])
			}
			row[j] = math.Exp(x / 2)
			sum += row[j]
			moment += row[j] * math.Abs(float64(i-j))
			product += row[j] * x / 2
		}
		bin := len(mass) - 1
		for j, x := range row {
			received[j] += x / sum
			for s.OffsetBins[bin] > i-j {
				bin--
			}
			mass[bin] += x / sum
		}
		worst = max(worst, math.Abs(float64(s.Distance[i])/(moment/sum)-1), math.Abs(float64(s.Entropy[i])-(math.Log(sum)-product/sum))/8)
	}
	for j, want := range received {
		worst = max(worst, math.Abs(s.Received[j]/want-1))
	}
	for n, want := range mass {
		if want > 0 {
			worst = max(worst, math.Abs(s.OffsetMass[n]/want-1))
		}
	}
	if t.Logf("largest error: %.2g", worst); worst > 1e-6 {
		t.Errorf("the largest error of a sum is %.2g of it, expected at most 1e-6", worst)
	}
}

// TestStatisticsMemory says what a call allocates beside its results, for up to 131,072 keys and 16 threads; RAPT_LONG makes it
// a million keys and 1,024 queries too.
func TestStatisticsMemory(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("some seconds")
	}
	sizes := [][2]int{{768, 65536}, {768, 131072}}
	if os.Getenv("RAPT_LONG") != "" {
		sizes = append(sizes, [2]int{1024, 1 << 20})
	}
	for _, size := range sizes {
		const heads, dim = 2, 64
		queries, keys := size[0], size[1]
		q, k, v := random(queries*heads*dim), random(keys*heads*dim), random(keys*heads*dim)
		out := rapt.Dense(make([]float32, len(q)), 1, queries, heads, dim)
		s := rapt.NewStats(1, heads, queries, keys, 0)
		runtime.GC()
		runtime.GC() // empties the pools of workers
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := rapt.Statistics(s, &out, rapt.Dense(q, 1, queries, heads, dim), rapt.Dense(k, 1, keys, heads, dim),
			rapt.Dense(v, 1, keys, heads, dim), &rapt.Options{Threads: 16})
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		megabytes := float64(after.TotalAlloc-before.TotalAlloc) / 1e6
		if t.Logf("%d queries, %d keys: %.1f MB", queries, keys, megabytes); keys <= 131072 && megabytes > 64 {
			t.Errorf("%d queries and %d keys take %.1f MB, expected at most 64", queries, keys, megabytes)
		}
	}
}

// TestStatisticsEmpty has no keys, or no queries, or asks for nothing.
func TestStatisticsEmpty(t *testing.T) {
	for _, size := range [][2]int{{3, 0}, {0, 3}, {1, 1}} {
		p := newProblem(rand.New(rand.NewPCG(9, 9)), 1, 2, 1, size[0], size[1], 4, 4)
		s := p.newStats()
		s.PooledRows, s.PooledCols = 2, 2
		s.PooledMean, s.PooledMax = make([]float32, 8), make([]float32, 8)
		q, k, _ := p.tensors()
		for _, x := range []*rapt.Stats{s, {}} {
			if err := rapt.Statistics(x, nil, q, k, rapt.Tensor[float32]{}, &p.o); err != nil {
				t.Error(err)
			}
		}
		for i := range s.Entropy {
			none := size[1] == 0
			if s.Entropy[i] != 0 || s.Distance[i] != 0 || none != (s.ArgMax[i] == -1) || none != (s.MaxWeight[i] == 0) || none != math.IsInf(float64(s.LSE[i]), -1) {
				t.Errorf("%d keys: entropy %v, largest weight %v of key %d, lse %v", size[1], s.Entropy[i], s.MaxWeight[i], s.ArgMax[i], s.LSE[i])
			}
		}
	}
}

func TestStatisticsRefused(t *testing.T) {
	p := newProblem(rand.New(rand.NewPCG(9, 9)), 2, 2, 1, 5, 7, 4, 4)
	for _, c := range []struct {
		want  string
		spoil func(s *rapt.Stats, o *rapt.Options)
	}{
		{"TopK is 65", func(s *rapt.Stats, _ *rapt.Options) { s.TopK = 65 }},
		{"Entropy has 3 elements, expected 20", func(s *rapt.Stats, _ *rapt.Options) { s.Entropy = s.Entropy[:3] }},
		{"Received has 1 elements, expected 28", func(s *rapt.Stats, _ *rapt.Options) { s.Received = s.Received[:1] }},
		{"KeyClasses and Stats.ClassMass", func(s *rapt.Stats, _ *rapt.Options) { s.KeyClasses = nil }},
		{"OffsetBins must be", func(s *rapt.Stats, _ *rapt.Options) { s.OffsetBins[1] = 1000 }},
		{"PooledRows and PooledCols are 0", func(s *rapt.Stats, _ *rapt.Options) { s.PooledRows = 0 }},
		{"needs MaxReceived", func(s *rapt.Stats, _ *rapt.Options) { s.MaxReceived = nil }},
		{"KeyLens", func(_ *rapt.Stats, o *rapt.Options) { o.KeyLens = []int{1} }},
	} {
		s, o := p.newStats(), rapt.Options{}
		c.spoil(s, &o)
		q, k, _ := p.tensors()
		if err := rapt.Statistics(s, nil, q, k, rapt.Tensor[float32]{}, &o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the error is %v, expected one with %q", err, c.want)
		}
	}
}

// TestStatisticsPages holds statistics over keys that lie in pages, in any order, against those over the same keys side by
// side: the same bits. The second sequence has fewer pages.
func TestStatisticsPages(t *testing.T) {
	const batch, kvHeads, group, queries, dim, pageSize = 2, 2, 2, 30, 8, 16
	rng := rand.New(rand.NewPCG(8, 8))
	tables, lens := [][]int{{4, 0, 6, 2}, {5, 1}}, []int{60, 25}
	pages := rng.Perm(7)
	for _, table := range tables {
		for n := range table {
			table[n] = pages[table[n]]
		}
	}
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		return x
	}
	heads := kvHeads * group
	q := rapt.Dense(draw(batch*queries*heads*dim), batch, queries, heads, dim)
	k, v := rapt.Dense(draw(7*pageSize*kvHeads*dim), 7, pageSize, kvHeads, dim), rapt.Dense(draw(7*pageSize*kvHeads*dim), 7, pageSize, kvHeads, dim)
	paged := rapt.NewStats(batch, heads, queries, 4*pageSize, 31)
	paged.KeyClasses, paged.ClassMass = make([]uint8, batch*4*pageSize), make([]float32, batch*heads*queries*8)
	for j := range paged.KeyClasses {
		paged.KeyClasses[j] = uint8(j)
	}
	out := rapt.Dense(make([]float32, batch*queries*heads*dim), batch, queries, heads, dim)
	o := rapt.Options{Causal: true, QueryStart: 31, PageTables: tables, KeyLens: lens, Threads: 2}
	if err := rapt.Statistics(paged, &out, q, k, v, &o); err != nil {
		t.Fatal(err)
	}
	for b, table := range tables {
		keys := len(table) * pageSize
		rows := func(x rapt.Tensor[float32]) rapt.Tensor[float32] {
			var side []float32
			for _, page := range table {
				side = append(side, x.Data[page*pageSize*kvHeads*dim:][:pageSize*kvHeads*dim]...)
			}
			return rapt.Dense(side, 1, keys, kvHeads, dim)
		}
		want := rapt.NewStats(1, heads, queries, keys, 31)
		want.PooledCols = paged.PooledCols
		want.PooledMean, want.PooledMax = make([]float32, heads*queries*want.PooledCols), make([]float32, heads*queries*want.PooledCols)
		want.OffsetBins, want.OffsetMass = paged.OffsetBins, make([]float64, heads*(len(paged.OffsetBins)-1))
		want.KeyClasses, want.ClassMass = paged.KeyClasses[b*4*pageSize:][:keys], make([]float32, heads*queries*8)
		wantOut := rapt.Dense(make([]float32, queries*heads*dim), 1, queries, heads, dim)
		one := q
		one.Data, one.Batch = q.Data[b*q.BatchStride:], 1
		side := rapt.Options{Causal: true, QueryStart: 31, KeyLens: lens[b : b+1], Threads: 2}
		if err := rapt.Statistics(want, &wantOut, one, rows(k), rows(v), &side); err != nil {
			t.Fatal(err)
		}
		// What is told of each query, bin and cell lies side by side for a sequence; what is told of keys has room for more.
		if got := out.Data[b*len(wantOut.Data):][:len(wantOut.Data)]; !slices.Equal(got, wantOut.Data) {
			t.Errorf("sequence %d: another output", b)
		}
		for name, pair := range map[string][2][]float32{
			"Entropy": {paged.Entropy, want.Entropy}, "MaxWeight": {paged.MaxWeight, want.MaxWeight}, "Distance": {paged.Distance, want.Distance},
			"LSE": {paged.LSE, want.LSE}, "TopWeight": {paged.TopWeight, want.TopWeight}, "ClassMass": {paged.ClassMass, want.ClassMass},
			"PooledMean": {paged.PooledMean, want.PooledMean}, "PooledMax": {paged.PooledMax, want.PooledMax},
		} {
			if got := pair[0][b*len(pair[1]):][:len(pair[1])]; !slices.Equal(got, pair[1]) {
				t.Errorf("sequence %d: other values of %s", b, name)
			}
		}
		if got := paged.OffsetMass[b*len(want.OffsetMass):][:len(want.OffsetMass)]; !slices.Equal(got, want.OffsetMass) {
			t.Errorf("sequence %d: another mass of offsets", b)
		}
		for h := range heads {
			at := (b*heads + h) * 4 * pageSize
			if !slices.Equal(paged.Received[at:][:keys], want.Received[h*keys:][:keys]) || !slices.Equal(paged.ArgMaxReceived[at:][:keys], want.ArgMaxReceived[h*keys:][:keys]) {
				t.Errorf("sequence %d: keys receive other weights in head %d", b, h)
			}
			for _, none := range paged.Received[at+keys:][:4*pageSize-keys] {
				if none != 0 {
					t.Errorf("sequence %d: a key that isn't there receives %v", b, none)
				}
			}
		}
	}
}
