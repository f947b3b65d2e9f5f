package transport_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
)

// line is a connection that a test can kill. A dead line drops all written bytes without
// an error.
type line struct {
	net.Conn
	dead *atomic.Bool
}

func (l line) Write(data []byte) (int, error) {
	if l.dead.Load() {
		return len(data), nil
	}
	return l.Conn.Write(data)
}

// pipes is a network whose connections are made with [net.Pipe], so that they work in a
// synctest bubble.
type pipes struct {
	accept chan net.Conn
	closed sync.Once
	lines  []*atomic.Bool
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	dead := new(atomic.Bool)
	p.lines = append(p.lines, dead)
	p.accept <- line{theirs, dead}
	return line{ours, dead}, nil
}

func (p *pipes) Accept() (net.Conn, error) {
	connection, ok := <-p.accept
	if !ok {
		return nil, net.ErrClosed
	}
	return connection, nil
}

func (p *pipes) Close() error {
	p.closed.Do(func() { close(p.accept) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

// The server no longer responds on an HTTP/2 connection. The default client must close
// this connection, and the next request must open a new connection.
func TestDeadConnectionIsReplaced(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	certificate.Close()
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{accept: make(chan net.Conn)}
		server := &http.Server{
			ReadHeaderTimeout: time.Minute,
			TLSConfig:         &tls.Config{Certificates: certificate.TLS.Certificates},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, r.Proto)
			}),
		}
		served := make(chan error, 1)
		go func() { served <- server.ServeTLS(network, "", "") }()
		client := defaultClient(t, network)
		requireHTTP2(t, client)

		network.lines[0].Store(true)
		started := time.Now()
		proto, err := get(t, client)
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("on a dead connection: got the protocol %q and the error %v, "+
				"want an error before the deadline", proto, err)
		}
		if took := time.Since(started); took > 20*time.Second {
			t.Errorf("the request on a dead connection took %s, want at most 20 s", took)
		}

		requireHTTP2(t, client)
		if len(network.lines) != 2 {
			t.Errorf("the client dialed %d times, want 2", len(network.lines))
		}
		client.CloseIdleConnections()
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with the error %v, want http.ErrServerClosed", err)
		}
		time.Sleep(time.Hour) // until requests on the dead connection have ended
	})
}

// get sends a request and returns the protocol that the server reports.
func get(t *testing.T, client *http.Client) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://upvest.test/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	proto, err := io.ReadAll(resp.Body)
	return string(proto), err
}

func requireHTTP2(t *testing.T, client *http.Client) {
	t.Helper()
	proto, err := get(t, client)
	if err != nil {
		t.Fatal(err)
	}
	if proto != "HTTP/2.0" {
		t.Fatalf("the protocol is %q, want HTTP/2.0", proto)
	}
}

// defaultClient returns the default client, changed so that it connects through a network
// of pipes and accepts any certificate.
func defaultClient(t *testing.T, network *pipes) *http.Client {
	t.Helper()
	client := transport.DefaultClient()
	over, ok := client.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the transport is a %T, want *http.Transport", client.Transport)
	}
	over.DialContext = network.dial
	over.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	return client
}
