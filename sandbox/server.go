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

// Transport returns a transport that leads to the sandbox: over loopback, or through memory if it was started WithoutNetwork.
func (s *Sandbox) Transport() http.RoundTripper { return s.transport }

// Shutdown ends the sandbox as Close does, but lets the requests under way finish until the context ends, the delays of their faults included.
func (s *Sandbox) Shutdown(ctx context.Context) error {
	if s.server == nil {
		s.stop()
		return nil
	}
	s.transport.CloseIdleConnections()
	return errors.Join(s.server.Shutdown(ctx), s.Close())
}

// Close ends the sandbox at once, and with it the requests under way.
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
	var listener net.Listener
	if s.config.network {
		var err error
		if listener, err = net.Listen("tcp", s.config.address); err != nil {
			return fmt.Errorf("listen on %s: %w", s.config.address, err)
		}
		s.url = "http://" + reachable(listener.Addr())
	} else {
		memory := &memoryListener{connections: make(chan net.Conn), closed: make(chan struct{})}
		listener, s.transport.DialContext = memory, memory.dial
	}
	s.served = make(chan struct{})
	s.server = &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: s.config.readTimeout,
		ReadTimeout:       s.config.readTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeaderBytes,
		// The pipeline answers OPTIONS * like everything else.
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

// reachable is an address at which a listener is reached from its own machine.
func reachable(at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return at.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// memoryListener takes connections that are pipes in memory.
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

func (l *memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "sandbox", Net: "memory"} }

// dial connects to the sandbox, whatever the address.
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
