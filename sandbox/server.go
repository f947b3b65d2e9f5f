package sandbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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

// serverless is the URL of a sandbox that does not listen on the network.
const serverless = "http://127.0.0.1"

// server serves a handler on an address, or in memory.
type server struct {
	http      *http.Server
	transport *http.Transport
	url       string
	// address is the host:port at which this machine reaches the server. It is "" if the
	// server listens in memory.
	address string
	// ended is closed when the server has stopped. err is the error if the server failed.
	ended chan struct{}
	err   error
}

// serve starts a server. Without a network, it listens in memory.
func serve(handler http.Handler, c config) (*server, error) {
	s := &server{
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: c.readTimeout,
			ReadTimeout:       c.readTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			// The checks respond to OPTIONS * as they do to every other request.
			DisableGeneralOptionsHandler: true,
		},
		transport: &http.Transport{},
		url:       serverless,
		ended:     make(chan struct{}),
	}
	listener, err := s.listen(c)
	if err != nil {
		return nil, err
	}
	if c.certificate != nil {
		listener = s.secure(listener, *c.certificate)
	}
	go func() {
		defer close(s.ended)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.err = fmt.Errorf("serve %s: %w", s.url, err)
		}
	}()
	return s, nil
}

func (s *server) listen(c config) (net.Listener, error) {
	if !c.network {
		memory := &memoryListener{connections: make(chan net.Conn), closed: make(chan struct{})}
		s.transport.DialContext = memory.dial
		return memory, nil
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", c.address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", c.address, err)
	}
	s.address = reachable(listener.Addr())
	s.url = "http://" + s.address
	if c.url != "" {
		// The host name in the sandbox's URL need not resolve on this machine.
		s.transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.address)
		}
	}
	return listener, nil
}

// secure wraps the listener in TLS. The server offers only HTTP/1.1, because the faults
// that cut a connection need HTTP/1.1.
func (s *server) secure(listener net.Listener, certificate tls.Certificate) net.Listener {
	s.url = "https://" + s.address
	trusted := x509.NewCertPool()
	trusted.AddCert(certificate.Leaf)
	s.transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted}
	return tls.NewListener(listener, &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"http/1.1"},
	})
}

// shutdown waits until the requests in progress have finished, or until the context ends.
func (s *server) shutdown(ctx context.Context) error {
	s.transport.CloseIdleConnections()
	return s.http.Shutdown(ctx)
}

// close ends the requests in progress.
func (s *server) close() error {
	err := s.http.Close()
	s.transport.CloseIdleConnections()
	<-s.ended
	return errors.Join(err, s.err)
}

// reachable returns an address at which programs on the same machine reach the listener.
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

// dial connects to the sandbox and ignores the address.
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
