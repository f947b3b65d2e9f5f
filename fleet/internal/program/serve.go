package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/metrics"
)

// serve serves HTTP on a listener until the context ends.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// serveMetrics serves metrics to Prometheus in the background until the caller calls
// stop, which waits for the server to end. Without an address, serveMetrics does nothing.
func (v *invocation) serveMetrics(
	ctx context.Context,
	address string,
	measured *metrics.Metrics,
) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for Prometheus: %w", err)
	}
	v.logger.InfoContext(ctx, "metrics", "address", listener.Addr().String())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", measured.Handler())
	// The worker serves metrics even after ctx ends, while it finishes its last requests.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var served sync.WaitGroup
	served.Go(func() {
		if err := serve(ctx, listener, mux); err != nil {
			v.logger.ErrorContext(ctx, "metrics", "error", err)
		}
	})
	return func() {
		cancel()
		served.Wait()
	}, nil
}

// ui serves River's page on this machine only, because the page requires no password, and
// its users can cancel and delete jobs.
func (v *invocation) ui() func(context.Context) error {
	address := v.flags.String("address", "127.0.0.1:8081", "the `address` of the page, on loopback only")
	return func(ctx context.Context) error {
		q, err := v.queue()
		if err != nil {
			return err
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *address)
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		defer listener.Close()
		at, isTCP := listener.Addr().(*net.TCPAddr)
		if !isTCP || !at.IP.IsLoopback() {
			return fmt.Errorf(
				"-address %s is not on loopback, and the page requires no password",
				*address,
			)
		}
		page, err := q.Page(ctx, v.logger)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(
			v.out,
			"River's page is on http://%s; every user of this machine can cancel and delete jobs there\n",
			at,
		)
		return serve(ctx, listener, sameOrigin(page))
	}
}

// sameOrigin wraps the page in a handler that refuses changes that other sites request
// through the user's browser. It also refuses requests for host names other than
// localhost and loopback addresses, so that other sites cannot read the page. It accepts
// any port, because a tunnel may use a different port on the user's machine.
func sameOrigin(page http.Handler) http.Handler {
	protected := http.NewCrossOriginProtection().Handler(page)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := (&url.URL{Host: r.Host}).Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "the page is for this machine only", http.StatusForbidden)
			return
		}
		protected.ServeHTTP(w, r)
	})
}
