package wrapper_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Failures of transports.
var (
	dialFailure = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	resetError  = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
)

// outcomeCase lists the results of the attempts of a write. The last one repeats.
type outcomeCase struct {
	steps  []roundTrip
	status int // of the error
}

func TestRefusedWrites(t *testing.T) {
	neverConnected := failing(dialFailure)
	requireOutcomes(t, upvest.OutcomeRefused, map[string]outcomeCase{
		"refused by the server": {steps: []roundTrip{problem(400)}, status: 400},
		"undeclared status":     {steps: []roundTrip{problem(418)}, status: 418},
		"always throttled":      {steps: []roundTrip{problem(429)}, status: 429},
		"always unauthorized":   {steps: []roundTrip{problem(401)}, status: 401},
		"never connected":       {steps: []roundTrip{neverConnected}},
		"throttled, then refused": {
			steps:  []roundTrip{problem(429), neverConnected, problem(422)},
			status: 422,
		},
	})
}

func TestWritesWithAnUnknownOutcome(t *testing.T) {
	reset := failing(resetError)
	neverConnected := failing(dialFailure)
	html := success("<html></html>")
	maintenance := `{"maintenance": true}`
	proxy := respond(http.StatusNonAuthoritativeInfo, "application/json", maintenance)
	requireOutcomes(t, upvest.OutcomeUnknown, map[string]outcomeCase{
		"always reset":             {steps: []roundTrip{reset}},
		"always timed out":         {steps: []roundTrip{hangs}},
		"server timeout":           {steps: []roundTrip{problem(408)}, status: 408},
		"server error":             {steps: []roundTrip{problem(500)}, status: 500},
		"not retried server error": {steps: []roundTrip{problem(501)}, status: 501},
		"redirect":                 {steps: []roundTrip{problem(307)}, status: 307},
		"reset, then unconnected":  {steps: []roundTrip{reset, neverConnected}},
		"reset, then refused":      {steps: []roundTrip{reset, problem(409)}, status: 409},
		"reset, then not found":    {steps: []roundTrip{reset, problem(404)}, status: 404},
		"reset, then throttled":    {steps: []roundTrip{reset, problem(429)}, status: 429},
		"reset, then unauthorized": {steps: []roundTrip{reset, problem(401)}, status: 401},
		"server error, then reset": {steps: []roundTrip{problem(500), reset}, status: 500},
		"throttled, reset, then refused": {
			steps:  []roundTrip{problem(429), reset, problem(422)},
			status: 422,
		},
		"HTML":             {steps: []roundTrip{html}, status: 200},
		"reset, then HTML": {steps: []roundTrip{reset, html}, status: 200},
		"maintenance":      {steps: []roundTrip{success(maintenance)}, status: 200},
		"proxy":            {steps: []roundTrip{proxy}, status: 203},
		"proxy gave up":    {steps: []roundTrip{problem(499)}, status: 499},
		"another protocol": {steps: []roundTrip{problem(101)}, status: 101},
	})
}

func TestAcceptedWrites(t *testing.T) {
	reset := failing(resetError)
	html := respond(http.StatusOK, "text/html", "<html></html>", "Upvest-Request-Id", "request-200")
	requireOutcomes(t, upvest.OutcomeAccepted, map[string]outcomeCase{
		"HTML of the API":     {steps: []roundTrip{html}, status: 200},
		"reset, then HTML":    {steps: []roundTrip{reset, html}, status: 200},
		"always cut off":      {steps: []roundTrip{cutOff}, status: 200},
		"cut off, then reset": {steps: []roundTrip{cutOff, reset}, status: 200},
		"cut off, then 409":   {steps: []roundTrip{cutOff, problem(409)}, status: 200},
	})
}

// requireOutcomes runs each of the cases with every operation. Reads have no outcome.
func requireOutcomes(t *testing.T, want upvest.Outcome, cases map[string]outcomeCase) {
	t.Helper()
	for _, operation := range everyOperation() {
		for name, test := range cases {
			t.Run(operation.id+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := scripted(test.steps...)
					_, err := operation.call(t.Context(), newTestClient(t, server.serve))
					if !operation.isWrite() {
						requireOutcome(t, err, upvest.OutcomeNone)
						failure := asError(t, err)
						requireAttemptsListed(t, failure, len(server.requests))
						return
					}
					requireOutcome(t, err, want)
					failure := asError(t, err)
					if failure.Status != test.status {
						t.Errorf("the status is %d, want %d: %v", failure.Status, test.status, err)
					}
					requireAttemptsListed(t, failure, len(server.requests))
				})
			})
		}
	}
}

// requireAttemptsListed checks that the error lists each attempt with its result, and
// that it matches only the kinds of error that belong to its status.
func requireAttemptsListed(t *testing.T, failure *upvest.Error, requests int) {
	t.Helper()
	for kind, status := range map[error]int{
		upvest.ErrNotFound:        404,
		upvest.ErrConflict:        409,
		upvest.ErrTooManyRequests: 429,
	} {
		if got, want := errors.Is(failure, kind), failure.Status == status; got != want {
			t.Errorf("errors.Is(err, %v) is %t with the status %d", kind, got, failure.Status)
		}
	}
	if len(failure.Attempts) != requests {
		t.Errorf("the error lists %d attempts, want %d as sent", len(failure.Attempts), requests)
	}
	for i, attempt := range failure.Attempts {
		if attempt.Number != i+1 || attempt.Operation != failure.Operation {
			t.Errorf("attempt %d is listed as number %d of %s", i+1, attempt.Number, attempt.Operation)
		}
		if attempt.Status == 0 && attempt.Err == nil {
			t.Errorf("attempt %d has neither a status nor an error", i+1)
		}
		if isLast := i == requests-1; isLast != (attempt.Retry == "") {
			t.Errorf("attempt %d of %d has the retry reason %q, want one except on the last",
				i+1, requests, attempt.Retry)
		}
	}
}

func TestErrorKeepsWhatWasReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(failing(io.ErrUnexpectedEOF), problem(500), problem(409, "Cf-Ray", "ray"))
		err := createOrder(t.Context(), newTestClient(t, server.serve))
		failure := requireReceived(t, err, "create_portfolios_order", 409, problemBody(409))
		if failure.RequestID != "request-409" || failure.CFRay != "ray" || failure.Detail != "Some detail" {
			t.Errorf("request id %q, ray %q, detail %q; want those of the last response",
				failure.RequestID, failure.CFRay, failure.Detail)
		}
		for i, want := range []struct {
			status    int
			requestID string
		}{
			{status: 0, requestID: ""},
			{status: 500, requestID: "request-500"},
			{status: 409, requestID: "request-409"},
		} {
			attempt := failure.Attempts[i]
			if attempt.Status != want.status || attempt.RequestID != want.requestID {
				t.Errorf("attempt %d has the status %d and the request id %q, want %d and %q",
					i+1, attempt.Status, attempt.RequestID, want.status, want.requestID)
			}
		}
		if first := failure.Attempts[0].Err; !errors.Is(first, io.ErrUnexpectedEOF) {
			t.Errorf("the first attempt has the error %v, want io.ErrUnexpectedEOF", first)
		}
		requireText(t, err, "create_portfolios_order", "409 Conflict", "Some detail", "may have carried out",
			"3 attempts", "request-409")
	})
}

// Real connections that fail before a request is sent have the outcome refused.
func TestRequestsThatWereNotSent(t *testing.T) {
	listener := listen(t)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	defer untrusted.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	unknownName := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		cause := &net.DNSError{Err: "no such host", Name: "upvest.test", IsNotFound: true}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: cause}
	}}
	for name, test := range map[string]struct {
		baseURL   string
		transport http.RoundTripper
		attempts  int
	}{
		"connection refused": {
			baseURL:   "http://" + listener.Addr().String(),
			transport: &http.Transport{},
			attempts:  2,
		},
		"no such host": {
			baseURL:   "https://upvest.test",
			transport: unknownName,
			attempts:  2,
		},
		"no TLS": {
			baseURL:   strings.Replace(plain.URL, "http:", "https:", 1),
			transport: &http.Transport{},
			attempts:  2,
		},
		// A retry does not help if the certificate of a server is invalid.
		"unknown authority": {
			baseURL:   untrusted.URL,
			transport: &http.Transport{},
			attempts:  1,
		},
		"certificate for other names": {
			baseURL:   strings.Replace(untrusted.URL, "127.0.0.1", "localhost", 1),
			transport: trusting(untrusted),
			attempts:  1,
		},
	} {
		t.Run(name, func(t *testing.T) { requireNotSent(t, test.baseURL, test.transport, test.attempts) })
	}
}

func TestDialThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{}) // net/http does not cancel the context of a dial
		defer close(end)
		hanging := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			<-end
			return nil, dialFailure
		}}
		requireNotSent(t, "https://upvest.test", hanging, 2)
	})
}

// requireNotSent checks that a write over the transport has the outcome refused, and the
// number of its attempts.
func requireNotSent(t *testing.T, baseURL string, transport http.RoundTripper, attempts int) {
	t.Helper()
	credentials := testCredentials(t)
	credentials.BaseURL = baseURL
	for kind, transport := range map[string]http.RoundTripper{
		"transport": transport,
		// If a transport of the caller passes on the context of the request, the client
		// still recognizes requests that were not sent.
		"wrapped transport": roundTrip(func(req *http.Request) (*http.Response, error) {
			return transport.RoundTrip(req.Clone(req.Context()))
		}),
	} {
		client := newClientWith(t, credentials, transport,
			upvest.WithTokenSource(staticToken("token")),
			upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: 1}))
		err := createOrder(t.Context(), client)
		requireOutcome(t, err, upvest.OutcomeRefused)
		failure := asError(t, err)
		if len(failure.Attempts) != attempts {
			t.Errorf("%s: got %d attempts, want %d: %v", kind, len(failure.Attempts), attempts, failure)
		}
	}
}

// trusting trusts a server by its certificate, which is for 127.0.0.1 and example.com
// only.
func trusting(server *httptest.Server) *http.Transport {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// The server may have received a request whose connection breaks later.
func TestConnectionsThatBreak(t *testing.T) {
	readRequest := func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1<<16)) }
	for name, handle := range map[string]func(net.Conn){
		"closed at once":           func(net.Conn) {},
		"closed after the request": readRequest,
		"closed within the response": func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-")
		},
		"no HTTP": func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, "220 mail ready\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			listener := listen(t)
			done := make(chan struct{})
			go func() {
				defer close(done)
				handleConnections(listener, handle)
			}()
			client := newServerClient(t, "http://"+listener.Addr().String(),
				upvest.WithTokenSource(staticToken("token")),
				upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: 1}))
			err := createOrder(t.Context(), client)
			requireOutcome(t, err, upvest.OutcomeUnknown)
			failure := asError(t, err)
			if len(failure.Attempts) != 2 {
				t.Errorf("got %d attempts, want 2: %v", len(failure.Attempts), failure)
			}
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
			<-done
		})
	}
}

// handleConnections handles and closes connections until the listener is closed.
func handleConnections(listener net.Listener, handle func(net.Conn)) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		handle(conn)
		_ = conn.Close()
	}
}

// After an attempt that may have cancelled the order, a 404 or 409 does not show that the
// call did not cancel it.
func TestCancelThatIsRetried(t *testing.T) {
	for _, status := range []int{404, 409} {
		synctest.Test(t, func(t *testing.T) {
			server := scripted(failing(io.ErrUnexpectedEOF), problem(status))
			err := newTestClient(t, server.serve).Orders.Cancel(t.Context(), someOrder)
			requireOutcome(t, err, upvest.OutcomeUnknown)
			failure := asError(t, err)
			if failure.Status != status {
				t.Errorf("the status is %d, want %d", failure.Status, status)
			}
			requireText(t, err, "may have carried out")

			server.restart(problem(status))
			err = newTestClient(t, server.serve).Orders.Cancel(t.Context(), someOrder)
			requireOutcome(t, err, upvest.OutcomeRefused)
		})
	}
}
