package wrapper_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// dialFailure is what a transport says that could not connect.
var dialFailure = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}

func TestOutcomeOfAWrite(t *testing.T) {
	reset := failing(&net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")})
	refusedConnection := failing(dialFailure)
	html := success("<html></html>")
	ofTheAPI := func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "text/html", "<html></html>", "Upvest-Request-Id", "request-200"), nil
	}
	proxy := func(*http.Request) (*http.Response, error) {
		return answer(http.StatusNonAuthoritativeInfo, "application/json", `{"maintenance": true}`), nil
	}
	tests := []struct {
		name    string
		steps   []step
		outcome upvest.Outcome
		status  int
	}{
		{
			name:    "refused by the server",
			steps:   scripted(problem(400)),
			outcome: upvest.OutcomeRefused,
			status:  400,
		},
		{
			name:    "undeclared status",
			steps:   scripted(problem(418)),
			outcome: upvest.OutcomeRefused,
			status:  418,
		},
		{
			name:    "throttled for ever",
			steps:   scripted(problem(429)),
			outcome: upvest.OutcomeRefused,
			status:  429,
		},
		{
			name:    "unauthorized for ever",
			steps:   scripted(problem(401)),
			outcome: upvest.OutcomeRefused,
			status:  401,
		},
		{
			name:    "never connected",
			steps:   scripted(refusedConnection),
			outcome: upvest.OutcomeRefused,
			status:  0,
		},
		{
			name:    "throttled, then refused",
			steps:   scripted(problem(429), refusedConnection, problem(422)),
			outcome: upvest.OutcomeRefused,
			status:  422,
		},
		{name: "reset for ever", steps: scripted(reset), outcome: upvest.OutcomeUnknown, status: 0},
		{name: "timed out for ever", steps: scripted(hangs), outcome: upvest.OutcomeUnknown, status: 0},
		{name: "server time-out", steps: scripted(problem(408)), outcome: upvest.OutcomeUnknown, status: 408},
		{name: "server error", steps: scripted(problem(500)), outcome: upvest.OutcomeUnknown, status: 500},
		{
			name:    "not retried server error",
			steps:   scripted(problem(501)),
			outcome: upvest.OutcomeUnknown,
			status:  501,
		},
		{name: "redirect", steps: scripted(problem(307)), outcome: upvest.OutcomeUnknown, status: 307},
		{
			name:    "reset, then no connection",
			steps:   scripted(reset, refusedConnection),
			outcome: upvest.OutcomeUnknown,
			status:  0,
		},
		{
			name:    "reset, then refused",
			steps:   scripted(reset, problem(409)),
			outcome: upvest.OutcomeUnknown,
			status:  409,
		},
		{
			name:    "reset, then not found",
			steps:   scripted(reset, problem(404)),
			outcome: upvest.OutcomeUnknown,
			status:  404,
		},
		{
			name:    "reset, then throttled",
			steps:   scripted(reset, problem(429)),
			outcome: upvest.OutcomeUnknown,
			status:  429,
		},
		{
			name:    "reset, then unauthorized",
			steps:   scripted(reset, problem(401)),
			outcome: upvest.OutcomeUnknown,
			status:  401,
		},
		{
			name:    "server error, then reset",
			steps:   scripted(problem(500), reset),
			outcome: upvest.OutcomeUnknown,
			status:  500,
		},
		{
			name:    "throttled, then reset, then refused",
			steps:   scripted(problem(429), reset, problem(422)),
			outcome: upvest.OutcomeUnknown,
			status:  422,
		},
		{name: "HTML", steps: scripted(html), outcome: upvest.OutcomeUnknown, status: 200},
		{
			name:    "maintenance",
			steps:   scripted(success(`{"maintenance": true}`)),
			outcome: upvest.OutcomeUnknown,
			status:  200,
		},
		{name: "proxy", steps: scripted(proxy), outcome: upvest.OutcomeUnknown, status: 203},
		{name: "HTML of the API", steps: scripted(ofTheAPI), outcome: upvest.OutcomeAccepted, status: 200},
		{name: "proxy gave up", steps: scripted(problem(499)), outcome: upvest.OutcomeUnknown, status: 499},
		{
			name:    "another protocol",
			steps:   scripted(problem(101)),
			outcome: upvest.OutcomeUnknown,
			status:  101,
		},
		{name: "cut off for ever", steps: scripted(cutOff), outcome: upvest.OutcomeAccepted, status: 200},
		{
			name:    "cut off, then reset",
			steps:   scripted(cutOff, reset),
			outcome: upvest.OutcomeAccepted,
			status:  200,
		},
		{
			name:    "cut off, then refused",
			steps:   scripted(cutOff, problem(409)),
			outcome: upvest.OutcomeAccepted,
			status:  200,
		},
		{name: "reset, then HTML", steps: scripted(reset, html), outcome: upvest.OutcomeUnknown, status: 200},
		{
			name:    "reset, then HTML of the API",
			steps:   scripted(reset, ofTheAPI),
			outcome: upvest.OutcomeAccepted,
			status:  200,
		},
	}
	for _, operation := range everyOperation() {
		for _, test := range tests {
			t.Run(operation.id+"/"+test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					script := script{steps: test.steps}
					_, err := operation.call(t.Context(), newTestClient(t, script.serve))
					failure := asError(t, err)
					outcome := test.outcome
					if !operation.isWrite() {
						outcome = upvest.OutcomeNone
					}
					if failure.Outcome != outcome || failure.Status != test.status && operation.isWrite() {
						t.Errorf("outcome %q, status %d, want %q, %d: %v", failure.Outcome, failure.Status, outcome, test.status, err)
					}
					if is := errors.Is(err, upvest.ErrOutcomeUnknown); is != (outcome == upvest.OutcomeUnknown) {
						t.Errorf("is ErrOutcomeUnknown: %t", is)
					}
					if is := errors.Is(err, upvest.ErrAccepted); is != (outcome == upvest.OutcomeAccepted) {
						t.Errorf("is ErrAccepted: %t", is)
					}
					for kind, status := range map[error]int{upvest.ErrNotFound: 404, upvest.ErrConflict: 409, upvest.ErrTooManyRequests: 429} {
						if is := errors.Is(err, kind); is != (failure.Status == status) {
							t.Errorf("is %v: %t, status %d", kind, is, failure.Status)
						}
					}
					checkListed(t, failure, len(script.requests))
				})
			})
		}
	}
}

// checkListed checks that the error says what each attempt met.
func checkListed(t *testing.T, failure *upvest.Error, requests int) {
	t.Helper()
	if len(failure.Attempts) != requests {
		t.Errorf("%d attempts are listed, %d were made", len(failure.Attempts), requests)
	}
	for i, attempt := range failure.Attempts {
		if attempt.Number != i+1 || attempt.Operation != failure.Operation {
			t.Errorf("attempt %d is %s %d", i+1, attempt.Operation, attempt.Number)
		}
		if attempt.Status == 0 && attempt.Err == nil {
			t.Errorf("attempt %d met nothing", i+1)
		}
		if again := attempt.Retry != ""; again != (i < requests-1) {
			t.Errorf("attempt %d of %d: retry %q", i+1, requests, attempt.Retry)
		}
	}
}

func TestErrorKeepsWhatWasReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := script{steps: scripted(failing(io.ErrUnexpectedEOF), problem(500), problem(409, "Cf-Ray", "ray"))}
		_, err := newTestClient(t, script.serve).Orders.Create(t.Context(), someOrderRequest())
		failure := asError(t, err)
		if failure.Status != 409 || failure.RequestID != "request-409" || failure.CFRay != "ray" || failure.Detail != "Some detail" ||
			!strings.Contains(string(failure.Body), `"status": 409`) {
			t.Errorf("error = %+v with %s, want the last answer", failure, failure.Body)
		}
		for i, want := range []struct {
			status  int
			request string
		}{{status: 0}, {status: 500, request: "request-500"}, {status: 409, request: "request-409"}} {
			if attempt := failure.Attempts[i]; attempt.Status != want.status || attempt.RequestID != want.request {
				t.Errorf("attempt %d = %d, %s, want %d, %s", i+1, attempt.Status, attempt.RequestID, want.status, want.request)
			}
		}
		if !errors.Is(failure.Attempts[0].Err, io.ErrUnexpectedEOF) {
			t.Errorf("first attempt met %v", failure.Attempts[0].Err)
		}
		for _, part := range []string{
			"create_portfolios_order", "409 Conflict", "Some detail", "may have carried out", "3 attempts",
			"request-409",
		} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("error %q does not say %q", err, part)
			}
		}
	})
}

// An order whose answer was lost is taken up again with the key of the error, and placed
// once.
func TestResumeWithTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		placed := map[string]int{}
		lost := true
		client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
			placed[req.Header.Get("idempotency-key")]++
			if lost {
				return nil, io.ErrUnexpectedEOF
			}
			return answer(http.StatusOK, "application/json", orderBody), nil
		})
		_, err := client.Orders.Create(t.Context(), someOrderRequest())
		failure := asError(t, err)
		if !errors.Is(err, upvest.ErrOutcomeUnknown) || failure.IdempotencyKey == uuid.Nil {
			t.Fatalf("error = %v with key %s", err, failure.IdempotencyKey)
		}
		lost = false
		order, err := client.Orders.Create(t.Context(), someOrderRequest(), upvest.WithIdempotencyKey(failure.IdempotencyKey))
		if err != nil || order.ID != someOrder {
			t.Errorf("order %v, %v", order, err)
		}
		if len(placed) != 1 || placed[failure.IdempotencyKey.String()] != 5 {
			t.Errorf("requests by key: %v, want 5 with one key", placed)
		}
	})
}

// Real connections that fail before a request can leave.
func TestNothingLeft(t *testing.T) {
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := refusing.Close(); err != nil {
		t.Fatal(err)
	}
	unknown := httptest.NewUnstartedServer(http.NotFoundHandler())
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	defer unknown.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	noName := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "upvest.test", IsNotFound: true}}
	}}
	hanging := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	for name, test := range map[string]struct {
		baseURL   string
		transport http.RoundTripper
		attempts  int
		patience  time.Duration
	}{
		"connection refused": {
			baseURL:   "http://" + refusing.Addr().String(),
			transport: &http.Transport{},
			attempts:  2,
			patience:  0,
		},
		"no such host": {
			baseURL:   "https://upvest.test",
			transport: noName,
			attempts:  2,
			patience:  0,
		},
		"dialling takes too long": {
			baseURL:   "https://upvest.test",
			transport: hanging,
			attempts:  2,
			patience:  10 * time.Millisecond,
		},
		"no TLS": {
			baseURL:   strings.Replace(plain.URL, "http:", "https:", 1),
			transport: &http.Transport{},
			attempts:  2,
			patience:  0,
		},
		// A server that cannot prove who it is will not be able to a second later.
		"unknown authority": {
			baseURL:   unknown.URL,
			transport: &http.Transport{},
			attempts:  1,
			patience:  0,
		},
		"certificate for other names": {
			baseURL:   strings.Replace(unknown.URL, "127.0.0.1", "localhost", 1),
			transport: trusting(unknown),
			attempts:  1,
			patience:  0,
		},
	} {
		for kind, transport := range map[string]http.RoundTripper{
			"as it is": test.transport,
			// A transport in between that keeps the context of the request hides nothing.
			"wrapped": roundTripper(func(req *http.Request) (*http.Response, error) {
				return test.transport.RoundTrip(req.Clone(req.Context()))
			}),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				credentials := testCredentials(t)
				credentials.BaseURL = test.baseURL
				client, err := upvest.New(credentials,
					upvest.WithHTTPClient(&http.Client{Transport: transport}), upvest.WithTokenSource(staticToken("token")),
					upvest.WithRetry(upvest.RetryPolicy{
						MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond, AttemptTimeout: test.patience,
					}))
				if err != nil {
					t.Fatal(err)
				}
				_, err = client.Orders.Create(t.Context(), someOrderRequest())
				failure := asError(t, err)
				if failure.Outcome != upvest.OutcomeRefused || errors.Is(err, upvest.ErrOutcomeUnknown) {
					t.Errorf("outcome = %q: %v, want refused: nothing left", failure.Outcome, err)
				}
				if len(failure.Attempts) != test.attempts {
					t.Errorf("%d attempts, want %d", len(failure.Attempts), test.attempts)
				}
			})
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

// A connection that breaks once the request is out may have been too late.
func TestSomethingMayHaveLeft(t *testing.T) {
	for name, handle := range map[string]func(net.Conn){
		"closed at once": func(net.Conn) {},
		"closed after the request": func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1<<16))
		},
		"closed within the answer": func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1<<16))
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-")
		},
		"no HTTP": func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 1<<16))
			_, _ = io.WriteString(conn, "220 mail ready\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					handle(conn)
					_ = conn.Close()
				}
			}()
			credentials := testCredentials(t)
			credentials.BaseURL = "http://" + listener.Addr().String()
			client, err := upvest.New(credentials, upvest.WithTokenSource(staticToken("token")),
				upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Orders.Create(t.Context(), someOrderRequest())
			if !errors.Is(err, upvest.ErrOutcomeUnknown) || len(asError(t, err).Attempts) != 2 {
				t.Errorf("error = %v, want an unknown outcome after two attempts", err)
			}
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
			<-done
		})
	}
}

// What cannot be said of the order is said: it may be cancelled by the first attempt.
func TestCancelTriedAgain(t *testing.T) {
	for _, status := range []int{404, 409} {
		synctest.Test(t, func(t *testing.T) {
			script := script{steps: scripted(failing(io.ErrUnexpectedEOF), problem(status))}
			err := newTestClient(t, script.serve).Orders.Cancel(t.Context(), someOrder)
			if asError(t, err).Status != status || !errors.Is(err, upvest.ErrOutcomeUnknown) || !strings.Contains(err.Error(),
				"may have carried out") {
				t.Errorf("error = %v, want %d that may be the first attempt's doing", err, status)
			}
			script.requests = nil
			script.steps = scripted(problem(status))
			err = newTestClient(t, script.serve).Orders.Cancel(t.Context(), someOrder)
			if errors.Is(err, upvest.ErrOutcomeUnknown) || asError(t, err).Outcome != upvest.OutcomeRefused {
				t.Errorf("error = %v, want a plain %d", err, status)
			}
		})
	}
}

// The documented pattern of idempotency-key.
var keyPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-5][0-9a-fA-F]{3}-?[089abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}$`)

func TestIdempotencyKeysThatAreAccepted(t *testing.T) {
	for version := range 16 {
		for variant := range 16 {
			key := uuid.MustParse(fmt.Sprintf("12345678-1234-%x234-%x234-123456789abc", version, variant))
			script := script{steps: scripted(success(orderBody))}
			_, err := newTestClient(t, script.serve).Orders.Create(t.Context(), someOrderRequest(), upvest.WithIdempotencyKey(key))
			if fits := keyPattern.MatchString(key.String()); (err == nil) != fits {
				t.Errorf("%s: fits the pattern: %t, error: %v", key, fits, err)
			}
			if err != nil && (len(script.requests) > 0 || asError(t, err).Outcome != upvest.OutcomeRefused) {
				t.Errorf("%s: %d requests, %v", key, len(script.requests), err)
			}
			if err == nil && script.requests[0].Header.Get("idempotency-key") != key.String() {
				t.Errorf("%s: sent was %s", key, script.requests[0].Header.Get("idempotency-key"))
			}
		}
	}
	_, err := newTestClient(t, nil).Orders.Create(t.Context(), someOrderRequest(),
		upvest.WithIdempotencyKey(uuid.MustParse("019b0000-0000-7000-8000-000000000000")))
	if err == nil || !strings.Contains(err.Error(), "version 7") || !strings.Contains(err.Error(), "IdempotencyKeyFor") {
		t.Errorf("error = %v, want that version 7 is not accepted, and what is", err)
	}
	if _, err = newTestClient(t, nil).Orders.Create(t.Context(), someOrderRequest(), upvest.WithIdempotencyKey(uuid.Nil)); err == nil {
		t.Error("the zero UUID was accepted")
	}
}

func TestIdempotencyKeyIsOnlyForPostAndPatch(t *testing.T) {
	key := uuid.MustParse("12345678-1234-4234-8234-123456789abc")
	for _, operation := range everyOperation() {
		script := script{steps: scripted(success(operation.success))}
		_, err := operation.call(t.Context(), newTestClient(t, script.serve), upvest.WithIdempotencyKey(key))
		if keyed := operation.method == http.MethodPost || operation.method == http.MethodPatch; (err == nil) != keyed {
			t.Errorf("%s, a %s: %v", operation.id, operation.method, err)
		}
	}
}

// The value must never change: callers repeat calls with the key that an older version of
// this client derived.
func TestIdempotencyKeyFor(t *testing.T) {
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", "savings-plan-4711/2026-01")
	if err != nil {
		t.Fatal(err)
	}
	if want := "16045650-d389-5c59-a80a-5b0311a86807"; key.String() != want { // of another implementation
		t.Errorf("key = %s, want %s", key, want)
	}
	if key.Version() != 5 || !keyPattern.MatchString(key.String()) {
		t.Errorf("key %s has version %d, want 5", key, key.Version())
	}
	for _, other := range [][2]string{
		{"create_portfolios_order", "savings-plan-4711/2026-02"}, {"trigger_portfolio_rebalancing", "savings-plan-4711/2026-01"},
	} {
		if again, err := upvest.IdempotencyKeyFor(other[0], other[1]); err != nil || again == key {
			t.Errorf("%q gave %s, %v", other, again, err)
		}
	}
	for _, bad := range [][2]string{{"create_portfolios_order", ""}, {"", "savings-plan-4711/2026-01"}, {"a\x00b", "c"}} {
		if _, err := upvest.IdempotencyKeyFor(bad[0], bad[1]); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
