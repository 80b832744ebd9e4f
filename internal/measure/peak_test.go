package measure

import (
	"sync"
	"testing"
	"time"
)

// TestRate says that all threads take part, at the same time, and that their work is neither lost nor counted twice.
func TestRate(t *testing.T) {
	const unit = time.Millisecond
	for _, threads := range []int{1, 2, 5} {
		var mu sync.Mutex
		var inside, most, total int
		have := rate(threads, 20*unit, func() int {
			mu.Lock()
			inside++
			most = max(most, inside)
			total++
			mu.Unlock()
			time.Sleep(unit)
			mu.Lock()
			inside--
			mu.Unlock()
			return 1
		})
		if most != threads {
			t.Errorf("%d threads worked at the same time, expected %d", most, threads)
		}
		if limit := float64(threads) / unit.Seconds(); have <= 0 || have > limit {
			t.Errorf("%d threads did %v units a second, expected at most %v", threads, have, limit)
		}
		if most := float64(total) / (20 * unit).Seconds(); have > most {
			t.Errorf("%d threads did %v units a second, but all of their work in the shortest time is %v", threads, have, most)
		}
	}
}

// TestRateOfOneCall says that work longer than the time is done once and counts with the time that it took.
func TestRateOfOneCall(t *testing.T) {
	calls := 0
	have := rate(1, time.Nanosecond, func() int {
		calls++
		time.Sleep(2 * time.Millisecond)
		return 6
	})
	if calls != 1 || have <= 0 || have > 3000 {
		t.Errorf("%d calls, %v a second, expected 1 call and at most 3000", calls, have)
	}
}

// TestMiddle: of an even number it is the larger of the two.
func TestMiddle(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 3}} {
		if have := middle(c.x); have != c.want {
			t.Errorf("the middle is %v, expected %v", have, c.want)
		}
	}
}

// TestReadRate only finds a wrong unit: no machine reads less than 100 MB/s or more than 10 TB/s.
func TestReadRate(t *testing.T) {
	if testing.Short() {
		t.Skip("fills half a gigabyte")
	}
	if have := ReadRate(2); have < 1e8 || have > 1e13 {
		t.Errorf("memory is read at %v bytes a second", have)
	}
}
