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

// serverless is the URL of a sandbox without a listener.
const serverless = "http://127.0.0.1"

// server serves a handler on an address, or in memory.
type server struct {
	http      *http.Server
	transport *http.Transport
	url       string
	// address is where the server is reached from this machine, "" in memory.
	address string
	// ended is closed when the server has stopped. err is the reason if it failed.
	ended chan struct{}
	err   error
}

// serve starts a server. It listens in memory if the address is empty.
func serve(handler http.Handler, address string, readTimeout time.Duration) (*server, error) {
	s := &server{
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: readTimeout,
			ReadTimeout:       readTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			// The checks respond to OPTIONS * like to every other request.
			DisableGeneralOptionsHandler: true,
		},
		transport: &http.Transport{},
		url:       serverless,
		ended:     make(chan struct{}),
	}
	listener, err := s.listen(address)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(s.ended)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.err = fmt.Errorf("serve %s: %w", s.url, err)
		}
	}()
	return s, nil
}

func (s *server) listen(address string) (net.Listener, error) {
	if address == "" {
		memory := &memoryListener{connections: make(chan net.Conn), closed: make(chan struct{})}
		s.transport.DialContext = memory.dial
		return memory, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	s.address = reachable(listener.Addr())
	s.url = "http://" + s.address
	return listener, nil
}

// shutdown lets the requests under way finish until the context ends.
func (s *server) shutdown(ctx context.Context) error {
	s.transport.CloseIdleConnections()
	return s.http.Shutdown(ctx)
}

// close ends the requests under way.
func (s *server) close() error {
	err := s.http.Close()
	s.transport.CloseIdleConnections()
	<-s.ended
	return errors.Join(err, s.err)
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

// Accept implements [net.Listener].
func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.connections:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements [net.Listener].
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
