package faultmatrix_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
)

// network opens a client's connections to the server. It can refuse and reset
// connections, and counts the open connections.
type network struct {
	connect   dialFunc // opens a connection to the server
	transport *http.Transport

	mu     sync.Mutex
	broken int // number of dials that will fail; -1 means all
	mode   string
	open   int
	none   chan struct{} // closed when the field `open` becomes 0
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

const (
	refuse = "refuse"
	reset  = "reset"
)

func newNetwork(connect dialFunc) *network {
	n := &network{connect: connect, none: make(chan struct{})}
	n.transport = &http.Transport{DialContext: n.dial}
	return n
}

// fail makes the next `count` dials fail, or all dials if `count` is -1. In the mode
// refuse, the dial itself fails. In the mode reset, the server resets the new connection.
// The function fail also closes all idle connections, because a request over an idle
// connection would not dial.
func (n *network) fail(mode string, count int) {
	n.transport.CloseIdleConnections()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.mode = mode
	n.broken = count
}

func (n *network) dial(ctx context.Context, protocol, address string) (net.Conn, error) {
	switch n.nextMode() {
	case refuse:
		return dialRefusing(ctx)
	case reset:
		return dialResetting(ctx)
	}
	conn, err := n.connect(ctx, protocol, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open++
	return &countedConn{Conn: conn, closed: n.closed}, nil
}

func (n *network) nextMode() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.broken == 0 {
		return ""
	}
	n.broken--
	return n.mode
}

func (n *network) closed() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open--
	if n.open == 0 {
		close(n.none)
		n.none = make(chan struct{})
	}
}

// waitUntilEmpty waits until all connections to the server are closed. If a connection
// remains open, the test times out here.
func (n *network) waitUntilEmpty() {
	n.transport.CloseIdleConnections()
	n.mu.Lock()
	open := n.open
	none := n.none
	n.mu.Unlock()
	if open > 0 {
		<-none
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

// dialRefusing dials a port that refuses connections: the client's local port of an open
// connection. No program can listen on this port.
func dialRefusing(ctx context.Context) (net.Conn, error) {
	client, server, err := connectedPair(ctx)
	if err != nil {
		return nil, err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", client.LocalAddr().String())
	return conn, errors.Join(err, client.Close(), server.Close())
}

// dialResetting connects to a server that resets the connection before it reads the
// request.
func dialResetting(ctx context.Context) (net.Conn, error) {
	client, server, err := connectedPair(ctx)
	if err != nil {
		return nil, err
	}
	if tcp, ok := server.(*net.TCPConn); ok {
		err = tcp.SetLinger(0)
	}
	return client, errors.Join(err, server.Close())
}

// connectedPair returns the two ends of a TCP connection.
func connectedPair(ctx context.Context) (client, server net.Conn, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	var dialer net.Dialer
	client, err = dialer.DialContext(ctx, "tcp", listener.Addr().String())
	if err != nil {
		return nil, nil, errors.Join(err, listener.Close())
	}
	server, err = listener.Accept()
	if err != nil {
		return nil, nil, errors.Join(err, client.Close(), listener.Close())
	}
	return client, server, listener.Close()
}
