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

// line is a connection that can die in silence: what is written goes nowhere, and nothing comes back.
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

// pipes is a network of net.Pipe, which synctest can wait on.
type pipes struct {
	accept chan net.Conn
	closed sync.Once
	lines  []*atomic.Bool
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	mine, theirs := net.Pipe()
	dead := new(atomic.Bool)
	p.lines = append(p.lines, dead)
	p.accept <- line{theirs, dead}
	return line{mine, dead}, nil
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

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A connection over HTTP/2 that dies in silence is left, and the next request dials anew.
func TestDeadConnectionIsLeft(t *testing.T) {
	certificate := httptest.NewTLSServer(nil)
	certificate.Close()
	synctest.Test(t, func(t *testing.T) {
		network := &pipes{accept: make(chan net.Conn)}
		server := &http.Server{
			TLSConfig: &tls.Config{Certificates: certificate.TLS.Certificates},
			Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, r.Proto)
			}),
		}
		served := make(chan error, 1)
		go func() { served <- server.ServeTLS(network, "", "") }()

		client := defaultClient(t, network)
		get := func() (string, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://upvest.test/", nil)
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
		if proto, err := get(); err != nil || proto != "HTTP/2.0" {
			t.Fatalf("%q, %v, want HTTP/2", proto, err)
		}
		network.lines[0].Store(true)
		started := time.Now()
		if _, err := get(); err == nil || errors.Is(err, context.DeadlineExceeded) || time.Since(started) > 20*time.Second {
			t.Errorf("%v after %s, want the end of the connection within 20 s", err, time.Since(started))
		}
		if proto, err := get(); err != nil || proto != "HTTP/2.0" || len(network.lines) != 2 {
			t.Errorf("%q, %v after %d dials, want a new connection", proto, err, len(network.lines))
		}
		client.CloseIdleConnections()
		_ = server.Close()
		<-served
		time.Sleep(time.Hour) // for what still waits on the dead line
	})
}

func defaultClient(t *testing.T, dialled *pipes) *http.Client {
	t.Helper()
	client := transport.DefaultClient()
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the transport is a %T", client.Transport)
	}
	transport.DialContext = dialled.dial
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	return client
}
