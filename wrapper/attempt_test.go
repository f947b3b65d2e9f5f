package wrapper_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Each attempt has a new signature. All attempts of a POST or PATCH carry the same
// idempotency key, and the next call carries a different key.
func TestEveryAttemptIsSignedAgain(t *testing.T) {
	for _, operation := range everyOperation() {
		t.Run(operation.id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(problem(503, "Retry-After", "1"))
				client := newTestClient(t, server.serve)
				first := requireSignedAgain(t, operation, client, server)
				server.restart(server.steps...)
				second := requireSignedAgain(t, operation, client, server)
				if first != "" && first == second {
					t.Errorf("two calls carry the idempotency key %s, want different keys", first)
				}
			})
		})
	}
}

// requireSignedAgain makes a call that takes four attempts, checks that each attempt is
// signed again, and returns the idempotency key of the call.
func requireSignedAgain(t *testing.T, operation operationCase, client *upvest.Client, server *script) string {
	t.Helper()
	_, err := operation.call(t.Context(), client)
	failure := asError(t, err)
	seen := map[string]bool{}
	keys := map[string]bool{}
	for _, req := range server.requests {
		parameters := signatureOf(t, req)
		for _, value := range []string{
			"created " + parameters.created.String(),
			"expires " + parameters.expires.String(),
			"nonce " + parameters.nonce,
			"signature " + req.Header.Get("signature"),
		} {
			if seen[value] {
				t.Errorf("two attempts have the same %s, want a different value in each", value)
			}
			seen[value] = true
		}
		if req.GetBody != nil {
			t.Error("the request has GetBody, want none: net/http could repeat it with the same nonce")
		}
		keys[req.Header.Get("idempotency-key")] = true
	}
	if len(server.requests) != 4 || len(keys) != 1 {
		t.Fatalf("got %d attempts with %d different values of idempotency-key, want 4 with the same value",
			len(server.requests), len(keys))
	}
	for _, body := range server.bodies {
		if body != server.bodies[0] || body == "" {
			t.Errorf("the attempts have the bodies %q, want the same non-empty body in each", server.bodies)
		}
	}
	key := server.requests[0].Header.Get("idempotency-key")
	if operation.isKeyed() != (key != "") {
		t.Errorf("the idempotency key of a %s is %q, want one to be present: %t",
			operation.method, key, operation.isKeyed())
	}
	wantKey := key
	if key == "" {
		wantKey = uuid.Nil.String()
	}
	if got := failure.IdempotencyKey.String(); got != wantKey {
		t.Errorf("the error has the idempotency key %s, want %s", got, wantKey)
	}
	return key
}

func TestAttemptTimeoutEndsAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(hang)
		policy := upvest.RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Minute}
		err := retrieve(t.Context(), newTestClient(t, server.serve), upvest.WithRetry(policy))
		server.requireRequests(t, 2)
		took := asError(t, err).Attempts[0].Duration
		if took != time.Minute || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v after an attempt of %s, want context.DeadlineExceeded after a minute",
				err, took)
		}
	})
}

// WithoutRetry changes only the number of attempts.
func TestWithoutRetryKeepsTheAttemptTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(hang)
		policy := upvest.RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Second}
		client := newTestClient(t, server.serve, upvest.WithRetry(policy))
		err := retrieve(t.Context(), client, upvest.WithoutRetry())
		server.requireRequests(t, 1)
		if took := asError(t, err).Attempts[0].Duration; took != time.Second {
			t.Errorf("the attempt took %s, want 1s as in the client's policy", took)
		}
	})
}

func TestAttemptTimeoutCoversTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangingBody := func(req *http.Request) (*http.Response, error) {
			resp := newResponse(http.StatusOK, "application/json", "")
			body, writer := io.Pipe()
			resp.Body = body
			context.AfterFunc(req.Context(), func() { _ = writer.CloseWithError(req.Context().Err()) })
			return resp, nil
		}
		server := scripted(hangingBody, success(orderBody))
		start := time.Now()
		err := retrieve(t.Context(), newTestClient(t, server.serve, upvest.WithRandom(fixedRandom(0))))
		if err != nil || time.Since(start) != 30*time.Second {
			t.Errorf("got the error %v after %s, want success after 30 s", err, time.Since(start))
		}
	})
}

// Over a real connection, the client retries a call if the body of the response is
// shorter than its Content-Length.
func TestBodyShorterThanItsLengthIsRetried(t *testing.T) {
	var mu sync.Mutex
	requests := 0
	server := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		requests++
		body := orderBody
		if requests == 1 {
			w.Header().Set("Content-Length", strconv.Itoa(len(orderBody)))
			body = orderBody[:50]
		}
		_, _ = io.WriteString(w, body)
	})
	client := newServerClient(t, server.URL,
		upvest.WithRetry(upvest.RetryPolicy{BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}))
	order, err := client.Orders.Create(t.Context(), someOrderRequest())
	if err != nil {
		t.Fatal(err)
	}
	if order.ID != someOrder || requests != 2 {
		t.Errorf("got the order %s after %d requests, want %s after two", order.ID, requests, someOrder)
	}
}

// If a kept-alive connection turns out to be dead, net/http itself repeats a GET, with
// the nonce of the first request. A server that has already seen the nonce refuses the
// repeated request with a 401. The client repeats a call once after a 401, even if
// retries are turned off, so the call succeeds. It does no harm if the server carries out
// a read twice.
func TestCallSucceedsIfNetHTTPRepeatsARead(t *testing.T) {
	server := &dyingServer{nonces: map[string]int{}}
	client := newServerClient(t, newServer(t, server.handler(t)).URL, upvest.WithoutRetry())
	for range 2 {
		if err := retrieve(t.Context(), client); err != nil {
			t.Error(err)
		}
	}
	if server.nonces[server.dying] != 2 || server.refusals != 1 || server.requests != 4 {
		t.Errorf("net/http no longer repeats a GET, or repeats it more than once: "+
			"%d requests with the nonce of the broken connection, %d refused, %d in all; want 2, 1 and 4",
			server.nonces[server.dying], server.refusals, server.requests)
	}
}

// dyingServer breaks the connection of the second request, and refuses nonces that it has
// already seen.
type dyingServer struct {
	mu       sync.Mutex
	nonces   map[string]int
	dying    string // the nonce of the second request
	requests int
	refusals int
}

func (s *dyingServer) handler(t *testing.T) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.requests++
		nonce := signatureOf(t, req).nonce
		s.nonces[nonce]++
		switch {
		case s.requests == 2:
			s.dying = nonce
			// breaks the connection, after the server has received the request
			panic(http.ErrAbortHandler)
		case s.nonces[nonce] > 1:
			s.refusals++
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, refusalBody("Signature is incorrect"))
		default:
			_, _ = io.WriteString(w, orderBody)
		}
	}
}
