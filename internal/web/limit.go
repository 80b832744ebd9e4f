package web

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// A gate lets a few requests through at a time and a few more wait.
type gate struct {
	running chan struct{}
	waiting chan struct{} // those that run are among them
}

func newGate(running, waiting int) *gate {
	return &gate{make(chan struct{}, running), make(chan struct{}, running+waiting)}
}

// enter waits for a place. The caller must leave if there is no error.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.waiting <- struct{}{}:
	default:
		return nil, &apiError{http.StatusServiceUnavailable, "too many requests are waiting; try again in a second"}
	}
	select {
	case g.running <- struct{}{}:
		return func() { <-g.running; <-g.waiting }, nil
	case <-ctx.Done():
		<-g.waiting
		return nil, ctx.Err()
	}
}

// A budget is what may be in use at a time of something that can't be waited for: slow readers keep their answers for as
// long as they like to.
type budget struct{ free atomic.Int64 }

// take says whether so much is free, and takes it.
func (b *budget) take(n int) bool {
	if b.free.Add(-int64(n)) >= 0 {
		return true
	}
	b.give(n)
	return false
}

func (b *budget) give(n int) { b.free.Add(int64(n)) }

// limitConnections makes a listener that has at most n connections open; the others wait.
func limitConnections(l net.Listener, n int) net.Listener {
	return &limitedListener{Listener: l, places: make(chan struct{}, n), closed: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{Conn: c, free: sync.OnceFunc(func() { <-l.places })}, nil
}

func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	free func()
}

func (c *limitedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
