package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	maxHeaderBytes = 64 << 10
	idleTimeout    = 2 * time.Minute
)

// Transport returns a transport that leads to the sandbox: over loopback, or through
// memory if the sandbox was started WithoutNetwork.
func (s *Sandbox) Transport() http.RoundTripper { return s.transport }

// Shutdown ends the sandbox as Close does, but lets the requests under way finish until
// the context ends, including the delays of their faults.
func (s *Sandbox) Shutdown(ctx context.Context) error {
	if s.server == nil {
		s.stop()
		return nil
	}
	s.transport.CloseIdleConnections()
	return errors.Join(s.server.Shutdown(ctx), s.Close())
}

// Close ends the sandbox at once, and the requests under way.
func (s *Sandbox) Close() error {
	s.stop()
	if s.server == nil {
		return nil
	}
	err := s.server.Close()
	s.transport.CloseIdleConnections()
	<-s.served
	return errors.Join(err, s.serveErr)
}

func (s *Sandbox) serve() error {
	listener, err := s.listen()
	if err != nil {
		return err
	}
	s.served = make(chan struct{})
	s.server = &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: s.config.readTimeout,
		ReadTimeout:       s.config.readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// The checks respond to OPTIONS * like to every other request.
		DisableGeneralOptionsHandler: true,
	}
	go func() {
		defer close(s.served)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.serveErr = fmt.Errorf("serve %s: %w", s.url, err)
		}
	}()
	return nil
}

func (s *Sandbox) listen() (net.Listener, error) {
	if !s.config.network {
		memory := &memoryListener{connections: make(chan net.Conn), closed: make(chan struct{})}
		s.transport.DialContext = memory.dial
		return memory, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", s.config.address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", s.config.address, err)
	}
	s.url = "http://" + reachable(listener.Addr())
	return listener, nil
}

// reachable returns an address at which a listener is reached from the same machine.
func reachable(at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return at.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// memoryListener accepts connections that are pipes in memory.
type memoryListener struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.connections:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (*memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "sandbox", Net: "memory"} }

// dial connects to the sandbox, for every address.
func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.connections <- there:
		return here, nil
	case <-l.closed:
		return nil, errors.New("the sandbox has ended")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
