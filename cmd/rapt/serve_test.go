package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestServe starts the command, asks it for the page and for an answer, and stops it as Ctrl-C does.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	messages, write := io.Pipe()
	root := newRootCommand()
	root.SetArgs([]string{"serve", "--addr", "127.0.0.1:0"})
	root.SetErr(write)
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	line, err := bufio.NewReader(messages).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(line, " at ")
	url, _, found := strings.Cut(rest, ";")
	if !found || !strings.HasPrefix(url, "http://127.0.0.1:") {
		t.Fatalf("it says %q", line)
	}
	client := &http.Client{Timeout: 20 * time.Second}
	for path, want := range map[string]string{"": "<!DOCTYPE html>", "api/model": "all-MiniLM-L6-v2"} {
		response, err := client.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: %v, %.80s; expected %q in it", path, err, body, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestPageURL(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 81}
	for host, want := range map[string]string{
		"127.0.0.1": "http://127.0.0.1:81/", "": "http://localhost:81/", "0.0.0.0": "http://localhost:81/", "::": "http://localhost:81/",
		"::1": "http://[::1]:81/", "localhost": "http://localhost:81/",
	} {
		if got := pageURL(host, address); got != want {
			t.Errorf("%q: %s, expected %s", host, got, want)
		}
	}
}
