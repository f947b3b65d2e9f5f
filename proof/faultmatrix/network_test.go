package faultmatrix_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// network is a client's way to the server. It can refuse and reset connections, and counts those that are open.
type network struct {
	server    string // host:port
	transport *http.Transport

	mu     sync.Mutex
	broken int // how many dials fail from now on, -1 for all
	mode   string
	open   int
	none   chan struct{} // closed when open falls to 0
}

const (
	refuse = "refuse"
	reset  = "reset"
)

func newNetwork(server string) *network {
	n := &network{server: server, none: make(chan struct{})}
	n.transport = &http.Transport{DialContext: n.dial}
	return n
}

// fail makes the next dials fail, on fresh connections.
func (n *network) fail(mode string, count int) {
	n.transport.CloseIdleConnections()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mode, n.broken = mode, count
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	n.mu.Lock()
	mode := ""
	if n.broken != 0 {
		mode = n.mode
		n.broken--
	}
	n.mu.Unlock()
	var dialer net.Dialer
	switch mode {
	case refuse:
		return dialClosedPort(ctx)
	case reset:
		return dialResetter(ctx)
	}
	conn, err := dialer.DialContext(ctx, "tcp", n.server)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open++
	return &countedConn{Conn: conn, closed: n.closed}, nil
}

func (n *network) closed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.open--; n.open == 0 {
		close(n.none)
		n.none = make(chan struct{})
	}
}

// mustBeEmpty waits until every connection is closed.
func (n *network) mustBeEmpty(t *testing.T) {
	t.Helper()
	n.transport.CloseIdleConnections()
	n.mu.Lock()
	open, none := n.open, n.none
	n.mu.Unlock()
	if open == 0 {
		return
	}
	select {
	case <-none:
	case <-time.After(10 * time.Second):
		t.Error("a connection was left open")
	}
}

type countedConn struct {
	net.Conn
	once   sync.Once
	closed func()
}

func (c *countedConn) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}

// dialClosedPort dials a port that was just given back, so that the system refuses.
func dialClosedPort(ctx context.Context) (net.Conn, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

// dialResetter connects to a server that resets the connection without reading from it.
func dialResetter(ctx context.Context) (net.Conn, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	client, err := dialer.DialContext(ctx, "tcp", listener.Addr().String())
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	server, err := listener.Accept()
	if err != nil {
		return nil, errors.Join(err, client.Close(), listener.Close())
	}
	if tcp, ok := server.(*net.TCPConn); ok {
		err = tcp.SetLinger(0)
	}
	return client, errors.Join(err, server.Close(), listener.Close())
}
