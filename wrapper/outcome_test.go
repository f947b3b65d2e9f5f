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

// Errors that transports return.
var (
	dialFailure = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	resetError  = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
)

// outcomeCase contains the result of each attempt of a call. If the call makes more
// attempts, these attempts have the last result.
type outcomeCase struct {
	steps  []roundTrip
	status int // the status in the error
}

func TestOutcomeOfRefusedWrites(t *testing.T) {
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

func TestOutcomeOfWritesThatMayHaveActed(t *testing.T) {
	reset := failing(resetError)
	neverConnected := failing(dialFailure)
	html := success("<html></html>")
	maintenance := `{"maintenance": true}`
	proxy := respond(http.StatusNonAuthoritativeInfo, "application/json", maintenance)
	requireOutcomes(t, upvest.OutcomeUnknown, map[string]outcomeCase{
		"always reset":                     {steps: []roundTrip{reset}},
		"always timed out":                 {steps: []roundTrip{hang}},
		"server timeout":                   {steps: []roundTrip{problem(408)}, status: 408},
		"server error":                     {steps: []roundTrip{problem(500)}, status: 500},
		"server error that is not retried": {steps: []roundTrip{problem(501)}, status: 501},
		"redirect":                         {steps: []roundTrip{problem(307)}, status: 307},
		"reset, then never connected":      {steps: []roundTrip{reset, neverConnected}},
		"reset, then refused":              {steps: []roundTrip{reset, problem(409)}, status: 409},
		"reset, then not found":            {steps: []roundTrip{reset, problem(404)}, status: 404},
		"reset, then throttled":            {steps: []roundTrip{reset, problem(429)}, status: 429},
		"reset, then unauthorized":         {steps: []roundTrip{reset, problem(401)}, status: 401},
		"server error, then reset":         {steps: []roundTrip{problem(500), reset}, status: 500},
		"throttled, reset, then refused": {
			steps:  []roundTrip{problem(429), reset, problem(422)},
			status: 422,
		},
		"HTML without a request ID":             {steps: []roundTrip{html}, status: 200},
		"reset, then HTML without a request ID": {steps: []roundTrip{reset, html}, status: 200},
		"maintenance notice in JSON":            {steps: []roundTrip{success(maintenance)}, status: 200},
		"203 of a proxy":                        {steps: []roundTrip{proxy}, status: 203},
		"499 of a proxy":                        {steps: []roundTrip{problem(499)}, status: 499},
		"change of the protocol (101)":          {steps: []roundTrip{problem(101)}, status: 101},
	})
}

func TestOutcomeOfAcceptedWrites(t *testing.T) {
	reset := failing(resetError)
	html := respond(http.StatusOK, "text/html", "<html></html>", "Upvest-Request-Id", "request-200")
	requireOutcomes(t, upvest.OutcomeAccepted, map[string]outcomeCase{
		"HTML with a request ID":             {steps: []roundTrip{html}, status: 200},
		"reset, then HTML with a request ID": {steps: []roundTrip{reset, html}, status: 200},
		"always cut off":                     {steps: []roundTrip{cutOff}, status: 200},
		"cut off, then reset":                {steps: []roundTrip{cutOff, reset}, status: 200},
		"cut off, then 409":                  {steps: []roundTrip{cutOff, problem(409)}, status: 200},
	})
}

// requireOutcomes calls every operation in each case, and checks that the error of a
// write has the outcome want. The error of a read has no outcome.
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
						t.Errorf("the error %q has the status %d, want %d", err, failure.Status, test.status)
					}
					requireAttemptsListed(t, failure, len(server.requests))
				})
			})
		}
	}
}

// requireAttemptsListed checks that the error lists each attempt with its result, and
// that it matches ErrNotFound, ErrConflict or ErrTooManyRequests only if its status is
// 404, 409 or 429.
func requireAttemptsListed(t *testing.T, failure *upvest.Error, requests int) {
	t.Helper()
	for kind, status := range map[error]int{
		upvest.ErrNotFound:        404,
		upvest.ErrConflict:        409,
		upvest.ErrTooManyRequests: 429,
	} {
		if got, want := errors.Is(failure, kind), failure.Status == status; got != want {
			t.Errorf("for the status %d, errors.Is(err, %v) is %t, want %t", failure.Status, kind, got, want)
		}
	}
	if len(failure.Attempts) != requests {
		t.Errorf("the error lists %d attempts, want the %d that were sent", len(failure.Attempts), requests)
	}
	for i, attempt := range failure.Attempts {
		if attempt.Number != i+1 || attempt.Operation != failure.Operation {
			t.Errorf("attempt %d is listed with the number %d and the operation %s, want %d and %s",
				i+1, attempt.Number, attempt.Operation, i+1, failure.Operation)
		}
		if attempt.Status == 0 && attempt.Err == nil {
			t.Errorf("attempt %d has neither a status nor an error, want one of them", i+1)
		}
		if isLast := i == requests-1; isLast != (attempt.Retry == "") {
			t.Errorf("attempt %d of %d has the retry reason %q, "+
				"want none for the last attempt and one for every other attempt",
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
			t.Errorf("got the request ID %q, ray %q and detail %q, want those of the last response",
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
				t.Errorf("attempt %d has the status %d and the request ID %q, want %d and %q",
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

// If a real connection fails before a request is sent, the outcome is refused.
func TestRequestsThatWereNotSentHaveTheOutcomeRefused(t *testing.T) {
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
		// With these certificates, a retry does not help, so the client makes one
		// attempt.
		"unknown authority": {
			baseURL:   untrusted.URL,
			transport: &http.Transport{},
			attempts:  1,
		},
		"certificate for different names": {
			baseURL:   strings.Replace(untrusted.URL, "127.0.0.1", "localhost", 1),
			transport: trusting(untrusted),
			attempts:  1,
		},
	} {
		t.Run(name, func(t *testing.T) { requireNotSent(t, test.baseURL, test.transport, test.attempts) })
	}
}

func TestDialThatHangsHasTheOutcomeRefused(t *testing.T) {
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

// requireNotSent checks that a write over the transport has the outcome refused, after
// the given number of attempts.
func requireNotSent(t *testing.T, baseURL string, transport http.RoundTripper, attempts int) {
	t.Helper()
	credentials := testCredentials(t)
	credentials.BaseURL = baseURL
	for kind, transport := range map[string]http.RoundTripper{
		"transport": transport,
		// The client recognizes requests that were not sent even if the caller wraps the
		// transport, provided that the wrapper passes on the context of the request.
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
			t.Errorf("over the %s, the error %q lists %d attempts, want %d",
				kind, failure, len(failure.Attempts), attempts)
		}
	}
}

// trusting returns a transport that trusts the certificate of a server. The certificate
// is valid for 127.0.0.1, but not for localhost.
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

// If a connection breaks after it was established, the server may have received the
// request.
func TestBrokenConnectionsHaveAnUnknownOutcome(t *testing.T) {
	readRequest := func(conn net.Conn) { _, _ = conn.Read(make([]byte, 1<<16)) }
	for name, handle := range map[string]func(net.Conn){
		"closed immediately":       func(net.Conn) {},
		"closed after the request": readRequest,
		"closed within the response": func(conn net.Conn) {
			readRequest(conn)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-")
		},
		"response that is not HTTP": func(conn net.Conn) {
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
				t.Errorf("the error %q lists %d attempts, want 2", failure, len(failure.Attempts))
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

// If the response to the first attempt was lost, a 404 or 409 to the second attempt does
// not show whether the first attempt cancelled the order, so the outcome is unknown.
func TestRetriedCancelHasAnUnknownOutcome(t *testing.T) {
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
