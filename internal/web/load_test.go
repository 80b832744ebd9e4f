package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// startServer serves on a free port; stop ends it and says how it ended.
func startServer(t *testing.T) (address string, stop func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- NewServer(miniLM(t), "127.0.0.1").Serve(ctx, listener) }()
	return listener.Addr().String(), func() error {
		cancel()
		return <-ended
	}
}

// Sixty-four clients at once, good and bad: no answer is a lie, and nothing is left when they are gone.
func TestManyClients(t *testing.T) {
	duration := 10 * time.Second
	if testing.Short() {
		duration = 2 * time.Second
	}
	miniLM(t)
	runtime.GC()
	before, heap := runtime.NumGoroutine(), heapBytes()
	address, stop := startServer(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var counts sync.Map
	var wrong atomic.Pointer[string]
	end := time.Now().Add(duration)
	var wait sync.WaitGroup
	for i := range 64 {
		wait.Go(func() {
			for n := 0; time.Now().Before(end); n++ {
				kind := clients[i%len(clients)]
				status, err := kind.act(client, address, i, n)
				if err == nil && !strings.Contains(kind.want, fmt.Sprint(status)) {
					message := fmt.Sprintf("%s: status %d, expected %s", kind.name, status, kind.want)
					wrong.Store(&message)
				}
				count, _ := counts.LoadOrStore(fmt.Sprint(kind.name, " ", status), new(atomic.Int64))
				count.(*atomic.Int64).Add(1)
			}
		})
	}
	wait.Wait()
	if message := wrong.Load(); message != nil {
		t.Error(*message)
	}
	answered := false
	counts.Range(func(key, value any) bool {
		t.Logf("%s: %d", key, value.(*atomic.Int64).Load())
		answered = answered || strings.HasSuffix(key.(string), "good 200")
		return true
	})
	if !answered {
		t.Error("no good client was answered")
	}
	client.CloseIdleConnections()
	if err := stop(); err != nil {
		t.Errorf("it stopped with %v", err)
	}
	waitFor(t, "goroutines", func() bool { return runtime.NumGoroutine() <= before })
	waitFor(t, "memory", func() bool { runtime.GC(); return heapBytes() < heap+32<<20 })
}

// A client's want are the statuses that are honest answers to what it does.
var clients = []struct {
	name, want string
	act        func(c *http.Client, address string, i, n int) (int, error)
}{
	{"good", "200 503", func(c *http.Client, address string, i, n int) (int, error) {
		body := fmt.Sprintf(`{"text":"The cat %d sat on mat %d."}`, i, n)
		return send(context.Background(), c, address, "summary", strings.NewReader(body), "")
	}},
	{"same text", "200 503", func(c *http.Client, address string, _, n int) (int, error) {
		return send(context.Background(), c, address, "layer", strings.NewReader(fmt.Sprintf(`{"text":"The cat sat.","layer":%d}`, n%6)), "")
	}},
	{"oversized", "413", func(c *http.Client, address string, _, _ int) (int, error) {
		return send(context.Background(), c, address, "look", bytes.NewReader(bytes.Repeat([]byte(" "), maxBody+1000)), "")
	}},
	{"wrong host", "421", func(c *http.Client, address string, _, _ int) (int, error) {
		return send(context.Background(), c, address, "look", strings.NewReader("{}"), "attention.example")
	}},
	{"cancelled", "200 503", func(c *http.Client, address string, i, n int) (int, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(n%20)*time.Millisecond)
		defer cancel()
		body := `{"text":"` + strings.Repeat(fmt.Sprintf("cat%d%d ", i, n), 40) + `"}`
		return send(ctx, c, address, "look", strings.NewReader(body), "")
	}},
	{"row of a survey", "200 503", func(c *http.Client, address string, i, n int) (int, error) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(20+n%200)*time.Millisecond)
		defer cancel()
		body := fmt.Sprintf(`{"survey":true,"layer":3,"head":1,"queries":[%d],"text":"%s"}`, n%50, strings.Repeat(fmt.Sprintf("cat%d ", i), 40))
		return send(ctx, c, address, "row", strings.NewReader(body), "")
	}},
	{"slow reader", "0", func(_ *http.Client, address string, _, _ int) (int, error) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		body := `{"text":"` + strings.Repeat("cat ", 100) + `"}`
		fmt.Fprintf(conn, "POST /api/look HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", address, len(body), body)
		time.Sleep(200 * time.Millisecond)
		_, err = conn.Read(make([]byte, 1))
		return 0, err
	}},
	{"slow writer", "0", func(_ *http.Client, address string, _, _ int) (int, error) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return 0, err
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /api/look HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", address)
		time.Sleep(200 * time.Millisecond)
		return 0, nil
	}},
}

func send(ctx context.Context, c *http.Client, address, name string, body io.Reader, host string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/api/"+name, body)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Host = host
	response, err := c.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

func heapBytes() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// waitFor gives what ends by itself a few seconds.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 100 {
		if done() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	t.Errorf("%s: not back to where it was; %d goroutines:\n%s", what, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
}

// A request whose body is half there when the server is told to stop still gets its answer.
func TestGracefulStop(t *testing.T) {
	address, stop := startServer(t)
	body, rest := io.Pipe()
	status := make(chan int, 1)
	go func() {
		s, _ := send(context.Background(), &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, address, "summary", body, "")
		status <- s
	}()
	io.WriteString(rest, `{"text":"The cat `)
	time.Sleep(300 * time.Millisecond) // until the server has read the head
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	time.Sleep(100 * time.Millisecond) // until it knows
	io.WriteString(rest, `sat."}`)
	rest.Close()
	if got := <-status; got != http.StatusOK {
		t.Errorf("status %d, expected 200", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// The gate turns away who finds too many waiting, and lets go of who gives up.
func TestGate(t *testing.T) {
	g := newGate(1, 1)
	leave, err := g.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() {
		_, err := g.enter(ctx)
		waiting <- err
	}()
	waitFor(t, "one waits", func() bool { return len(g.waiting) == 2 })
	if _, err := g.enter(t.Context()); err == nil {
		t.Error("a third one was let in")
	}
	cancel()
	if err := <-waiting; err != context.Canceled {
		t.Errorf("who gave up got %v", err)
	}
	leave()
	if leave, err = g.enter(t.Context()); err != nil {
		t.Error(err)
	}
	leave()
}
