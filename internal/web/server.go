package web

import (
	"context"
	"errors"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/rapt-go/rapt/model"
)

// What a server takes at most. A text of 512 tokens has some 3 kB, and the maps of its heads 75 MB; one of 8,192 tokens has
// some 40 kB, and is surveyed.
const (
	maxBody        = 128 << 10        // bytes of a request
	maxText        = 60_000           // bytes of a text
	maxMaps        = 512 << 20        // bytes of the weights of a run, or of a survey
	maxRuns        = 2                // requests that compute at a time
	maxWaiting     = 64               // requests that wait for that
	maxLong        = 1                // of those that compute, surveys of long texts
	maxLongWaiting = 8                // surveys that wait for that
	maxConnections = 256              // open at a time; more wait to be accepted
	cacheBytes     = maxMaps          // of runs that are kept: the largest one fits
	outgoingBytes  = 512 << 20        // of answers that are being read
	runTime        = 30 * time.Second // for a request, waiting included
	surveyTime     = 2 * time.Minute  // the same for a survey
	sendTime       = 30 * time.Second // for reading an answer
	stopTime       = 5 * time.Second  // for requests that run when the server stops
)

// A Server shows one model: the page at /, and the API of docs/api.md below /api/. It is an http.Handler.
type Server struct {
	model *model.Model
	host  string // that it was told to listen on
	mux   *http.ServeMux
	gate  *gate
	cache *cache

	longGate *gate
	mapBytes int // of the longest text that isn't surveyed
	outgoing budget
}

// NewServer makes the server of a model. Host is the name or address that it listens on: requests must be addressed to
// it, or to this machine. The model must stay open while the server is used.
func NewServer(m *model.Model, host string) *Server {
	s := &Server{model: m, host: host, mux: http.NewServeMux(), gate: newGate(maxRuns, maxWaiting),
		longGate: newGate(maxLong, maxLongWaiting), mapBytes: maxMaps, cache: newCache(cacheBytes)}
	s.outgoing.free.Store(outgoingBytes)
	s.mux.HandleFunc("GET /{$}", s.file("index.html"))
	entries, err := fs.ReadDir(page, ".")
	if err != nil {
		panic(err) // the folder is in the program
	}
	for _, entry := range entries {
		s.mux.HandleFunc("GET /"+entry.Name(), s.file(entry.Name()))
	}
	s.mux.HandleFunc("GET /api/model", s.getModel)
	s.mux.HandleFunc("POST /api/generate", s.generate)
	for name, answer := range answers {
		s.mux.HandleFunc("POST /api/"+name, s.post(name, answer))
	}
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	setPolicies(w.Header())
	if err := s.checkOrigin(r); err != nil {
		writeError(w, err)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// Serve answers requests until the context ends; then it lets those that run come to an end, for a few seconds.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := &http.Server{
		Handler:           s,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      runTime + sendTime,
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		timeout, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer done()
		err := server.Shutdown(timeout)
		if errors.Is(err, context.DeadlineExceeded) {
			cancel()
			err = server.Close()
		}
		stopped <- err
	})
	err := server.Serve(limitConnections(listener, maxConnections))
	if stop() { // the context hasn't ended: the listener failed
		return err
	}
	return <-stopped
}

// file sends one of the page's sources.
func (s *Server) file(name string) http.HandlerFunc {
	data, err := fs.ReadFile(page, name)
	if err != nil {
		panic(err) // the file is in the program
	}
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".js" {
		kind = "text/javascript; charset=utf-8" // whatever the machine's tables say
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(data)
	}
}
