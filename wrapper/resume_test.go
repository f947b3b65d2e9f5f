package wrapper_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// lostOrder places an order with a client that must lose the response, and returns the
// error.
func lostOrder(t *testing.T, client *upvest.Client) *upvest.Error {
	t.Helper()
	err := createOrder(t.Context(), client)
	requireOutcome(t, err, upvest.OutcomeUnknown)
	return asError(t, err)
}

// The error of a resumed call keeps the key of the first attempt, even if the resumed
// call was never sent, so that a caller can resume the latest error.
func TestResumeAfterACallThatWasNeverSent(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	invalid := upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: -1})
	for name, fail := range map[string]func(*upvest.Client, upvest.CallOption) error{
		"an ended context": func(client *upvest.Client, resume upvest.CallOption) error {
			return createOrder(ended, client, resume)
		},
		"a nil context": func(client *upvest.Client, resume upvest.CallOption) error {
			return createOrder(nil, client, resume) //nolint:staticcheck // callers make this mistake
		},
		"a nil option": func(client *upvest.Client, resume upvest.CallOption) error {
			return createOrder(t.Context(), client, nil, resume)
		},
		"an invalid retry policy": func(client *upvest.Client, resume upvest.CallOption) error {
			return createOrder(t.Context(), client, invalid, resume)
		},
		"a different key before Resume": func(client *upvest.Client, resume upvest.CallOption) error {
			return createOrder(t.Context(), client, upvest.WithIdempotencyKey(uuid.New()), resume)
		},
		"a different key after Resume": func(client *upvest.Client, resume upvest.CallOption) error {
			return createOrder(t.Context(), client, resume, upvest.WithIdempotencyKey(uuid.New()))
		},
		"a second Resume, of a different order": func(client *upvest.Client, resume upvest.CallOption) error {
			other := &upvest.Error{
				Operation: "create_portfolios_order", IdempotencyKey: uuid.New(),
				Outcome: upvest.OutcomeRefused,
			}
			return createOrder(t.Context(), client, resume, other.Resume())
		},
		"an invalid argument": func(client *upvest.Client, resume upvest.CallOption) error {
			_, err := client.Orders.Create(t.Context(), portfolios.OrderRequest{}, resume)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := scripted(failing(io.ErrUnexpectedEOF), success(orderBody))
			client := newTestClient(t, server.serve, upvest.WithoutRetry())
			first := lostOrder(t, client)
			err := fail(client, first.Resume())
			requireOutcome(t, err, upvest.OutcomeUnknown)
			if err := createOrder(t.Context(), client, asError(t, err).Resume()); err != nil {
				t.Fatal(err)
			}
			server.requireRequests(t, 2)
			for i, req := range server.requests {
				if key := req.Header.Get("Idempotency-Key"); key != first.IdempotencyKey.String() {
					t.Errorf("request %d has the idempotency key %q, want %q", i+1, key, first.IdempotencyKey)
				}
			}
		})
	}
}

// If the error of a POST has no idempotency key, the call cannot be resumed. A call that
// tries to resume it must return an error without a key: if this error had a new key,
// resuming it could carry out the write a second time.
func TestResumeWithoutAKeyStaysRefused(t *testing.T) {
	given := upvest.WithIdempotencyKey(uuid.MustParse("0d7a1cf5-65a1-4ab0-8a4e-7e0b0f5f9a37"))
	for name, options := range map[string][]upvest.CallOption{
		"without WithIdempotencyKey": nil,
		"with WithIdempotencyKey":    {given},
	} {
		t.Run(name, func(t *testing.T) {
			server := scripted(failing(io.ErrUnexpectedEOF), success(orderBody))
			client := newTestClient(t, server.serve, upvest.WithoutRetry())
			failure := lostOrder(t, client)
			failure.IdempotencyKey = uuid.Nil
			for range 2 {
				err := createOrder(t.Context(), client, append(options, failure.Resume())...)
				requireText(t, err, "resume: the error has no idempotency key")
				requireOutcome(t, err, upvest.OutcomeUnknown)
				failure = asError(t, err)
			}
			server.requireRequests(t, 1)
		})
	}
}

// The error of a POST or PATCH has an idempotency key, even if the call was never sent,
// for instance because an option is nil.
func TestErrorsOfUnsentCallsCarryTheKey(t *testing.T) {
	client := newTestClient(t, success(orderBody))
	given := uuid.MustParse("0d7a1cf5-65a1-4ab0-8a4e-7e0b0f5f9a37")
	for _, operation := range everyOperation() {
		_, err := operation.call(t.Context(), client, nil)
		if failure := asError(t, err); (failure.IdempotencyKey != uuid.Nil) != operation.isKeyed() {
			t.Errorf("%s: got an error with the key %s, want a key: %t",
				operation.id, failure.IdempotencyKey, operation.isKeyed())
		}
		if !operation.isKeyed() {
			continue
		}
		_, err = operation.call(t.Context(), client, nil, upvest.WithIdempotencyKey(given))
		if failure := asError(t, err); failure.IdempotencyKey != given {
			t.Errorf("%s: got an error with the key %s, want %s", operation.id, failure.IdempotencyKey, given)
		}
	}
}

// The outcome of a resumed call stays unknown until an attempt succeeds.
func TestResumeKeepsTheUnknownOutcome(t *testing.T) {
	steps := map[string]roundTrip{
		"no connection": failing(&net.OpError{Op: "dial", Err: errors.New("connection refused")}),
	}
	for _, status := range []int{400, 401, 403, 404, 409, 422, 429} {
		steps[http.StatusText(status)] = problem(status)
	}
	for _, operation := range everyOperation() {
		if !operation.isWrite() {
			continue
		}
		for name, step := range steps {
			t.Run(operation.id+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { requireOutcomeStaysUnknown(t, operation, step) })
			})
		}
	}
}

// requireOutcomeStaysUnknown makes a call whose response is lost, and resumes the call
// twice. Both times, step is the result of the attempt, and the outcome must stay
// unknown. Then the call is resumed a third time, and must succeed.
func requireOutcomeStaysUnknown(t *testing.T, operation operationCase, step roundTrip) {
	t.Helper()
	next := failing(io.ErrUnexpectedEOF)
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		return next(req)
	}, upvest.WithoutRetry())
	_, err := operation.call(t.Context(), client)
	requireOutcome(t, err, upvest.OutcomeUnknown)
	next = step
	for range 2 {
		_, err = operation.call(t.Context(), client, asError(t, err).Resume())
		requireOutcome(t, err, upvest.OutcomeUnknown)
	}
	next = success(operation.success)
	if _, err := operation.call(t.Context(), client, asError(t, err).Resume()); err != nil {
		t.Errorf("the third resumed call returned the error %v, want success", err)
	}
}

// If a resumed call fails, its error reports the status that the resumed call received,
// and also that the outcome of the original call is still unknown.
func TestResumeReportsStatusAndUnknownOutcome(t *testing.T) {
	server := scripted(failing(io.ErrUnexpectedEOF), problem(422))
	client := newTestClient(t, server.serve, upvest.WithoutRetry())
	err := createOrder(t.Context(), client, lostOrder(t, client).Resume())
	if !errors.Is(err, upvest.ErrUnprocessable) || !errors.Is(err, upvest.ErrOutcomeUnknown) {
		t.Errorf("got the error %v, want it to match ErrUnprocessable and ErrOutcomeUnknown", err)
	}
}

func TestResumeIsRefused(t *testing.T) {
	other := uuid.MustParse("0d7a1cf5-65a1-4ab0-8a4e-7e0b0f5f9a37")
	for name, test := range map[string]struct {
		call func(*upvest.Client, *upvest.Error) error
		want string
	}{
		"in a call of a different operation": {
			call: func(client *upvest.Client, failure *upvest.Error) error {
				return client.Orders.Cancel(t.Context(), someOrder, failure.Resume())
			},
			want: "resume: the error belongs to create_portfolios_order",
		},
		"with a different body": {
			call: func(client *upvest.Client, failure *upvest.Error) error {
				request := someOrderRequest()
				request.CashAmount = "7"
				_, err := client.Orders.Create(t.Context(), request, failure.Resume())
				return err
			},
			want: "the body differs",
		},
		"with a different key": {
			call: func(client *upvest.Client, failure *upvest.Error) error {
				return createOrder(t.Context(), client, failure.Resume(), upvest.WithIdempotencyKey(other))
			},
			want: "two different keys",
		},
		"with two different keys and no Resume": {
			call: func(client *upvest.Client, failure *upvest.Error) error {
				return createOrder(t.Context(), client,
					upvest.WithIdempotencyKey(failure.IdempotencyKey), upvest.WithIdempotencyKey(other))
			},
			want: "two different keys",
		},
		"without a key": {
			call: func(client *upvest.Client, failure *upvest.Error) error {
				failure.IdempotencyKey = uuid.Nil
				return createOrder(t.Context(), client, failure.Resume())
			},
			want: "resume: the error has no idempotency key",
		},
		"of a nil error": {
			call: func(client *upvest.Client, _ *upvest.Error) error {
				return createOrder(t.Context(), client, (*upvest.Error)(nil).Resume())
			},
			want: "resume: the error is nil",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := scripted(failing(io.ErrUnexpectedEOF), success(orderBody))
			client := newTestClient(t, server.serve, upvest.WithoutRetry())
			requireText(t, test.call(client, lostOrder(t, client)), test.want)
			server.requireRequests(t, 1)
		})
	}
}

// A call that tries to resume the error of a different operation is never sent, so the
// outcome of the call is refused, not unknown.
func TestResumeOfADifferentOperationHasTheOutcomeRefused(t *testing.T) {
	client := newTestClient(t, failing(io.ErrUnexpectedEOF), upvest.WithoutRetry())
	err := client.Orders.Cancel(t.Context(), someOrder, lostOrder(t, client).Resume())
	requireOutcome(t, err, upvest.OutcomeRefused)
}

func TestResumeWithADifferentPathIsRefused(t *testing.T) {
	server := scripted(failing(io.ErrUnexpectedEOF), success("{}", "Upvest-Request-Id", "request"))
	client := newTestClient(t, server.serve, upvest.WithoutRetry())
	err := client.Orders.Cancel(t.Context(), someOrder)
	requireOutcome(t, err, upvest.OutcomeUnknown)
	err = client.Orders.Cancel(t.Context(), someExecution, asError(t, err).Resume())
	requireText(t, err, "the path differs")
	requireOutcome(t, err, upvest.OutcomeUnknown)
	server.requireRequests(t, 1)
}

// Upvest keeps idempotency keys for at least 24 hours. The client therefore resumes a
// call with a key only within 23 hours of the first attempt of the original call. A
// DELETE has no key, and can be resumed at any time. The error of every resumed call
// reports when the first attempt of the original call was sent, because a caller looks
// for an order from this time on.
func TestResumeEndsAfter23Hours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := failing(io.ErrUnexpectedEOF)
		client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
			return next(req)
		}, upvest.WithoutRetry())
		began := time.Now()
		failure := lostOrder(t, client)
		cancelled := asError(t, client.Orders.Cancel(t.Context(), someOrder))

		time.Sleep(22 * time.Hour)
		err := createOrder(t.Context(), client, failure.Resume())
		requireOutcome(t, err, upvest.OutcomeUnknown)
		failure = asError(t, err)

		time.Sleep(61 * time.Minute)
		next = success(orderBody, "Upvest-Request-Id", "request")
		err = createOrder(t.Context(), client, failure.Resume())
		requireText(t, err, "check whether the write was carried out")
		requireOutcome(t, err, upvest.OutcomeUnknown)
		for name, failure := range map[string]*upvest.Error{
			"of a resumed call": failure, "of a call that the client refuses to resume": asError(t, err),
		} {
			if first := failure.FirstSent(); !first.Equal(began) {
				t.Errorf("the error %s reports the first attempt at %s, want %s", name, first, began)
			}
		}
		if err := client.Orders.Cancel(t.Context(), someOrder, cancelled.Resume()); err != nil {
			t.Errorf("the resumed Cancel returned the error %v, want success: a DELETE has no key", err)
		}
	})
}

// A response whose ID differs from that of the requested resource does not confirm a
// write, even if the response has a request ID.
func TestResponsesAboutADifferentResource(t *testing.T) {
	const body = `{"id": "0d7a1cf5-65a1-4ab0-8a4e-7e0b0f5f9a37",` +
		` "account_id": "0d7a1cf5-65a1-4ab0-8a4e-7e0b0f5f9a37", "status": "CANCELLED", "data": []}`
	for _, operation := range everyOperation() {
		switch {
		case strings.HasPrefix(operation.id, "list_"):
			continue // the path contains no ID
		case strings.HasPrefix(operation.id, "create_") && !strings.Contains(operation.id, "liquidation"):
			continue
		case strings.HasPrefix(operation.id, "trigger_"):
			continue
		}
		client := respondingClient(t, http.StatusOK, "application/json", body, "Upvest-Request-Id", "request")
		value, err := operation.call(t.Context(), client)
		if err == nil {
			t.Errorf("%s: got the value %+v of a resource that was not requested, want an error",
				operation.id, value)
			continue
		}
		requireText(t, err, "about a different resource")
		want := upvest.OutcomeUnknown
		if !operation.isWrite() {
			want = upvest.OutcomeNone
		}
		requireOutcome(t, err, want)
	}
}

// If the function that chooses the proxy fails, nothing is sent, so the outcome is
// refused.
func TestProxyFunctionThatFails(t *testing.T) {
	transport := &http.Transport{
		Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("no such proxy") },
	}
	client, err := upvest.New(testCredentials(t),
		upvest.WithTokenSource(staticToken("token")),
		upvest.WithoutRetry(),
		upvest.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	err = createOrder(t.Context(), client)
	requireText(t, err, "no such proxy")
	requireOutcome(t, err, upvest.OutcomeRefused)
}

// If a kept-alive connection is dead, net/http sends some requests again on a new
// connection, with the same nonce. The client must prevent this for a POST without a
// body.
func TestPostWithoutABodyIsNotReplayed(t *testing.T) {
	server := newDroppingServer(t)
	client := newServerClient(t, server.url,
		upvest.WithTokenSource(staticToken("token")), upvest.WithoutRetry())
	request := upvest.Request{Method: http.MethodPost, Path: "/portfolios/empty"}
	for range 2 { // the second call uses a connection that the server closes
		_ = client.Do(t.Context(), request, nil)
	}
	nonces := server.nonces()
	for nonce, count := range nonces {
		if count > 1 {
			t.Errorf("got %d requests with the nonce %s, want one", count, nonce)
		}
	}
	if len(nonces) != 2 {
		t.Errorf("got requests with %d different nonces, want 2", len(nonces))
	}
}

// droppingServer responds to the first request of each connection, and closes the
// connection after reading the second request.
type droppingServer struct {
	url  string
	mu   sync.Mutex
	seen map[string]int
}

func newDroppingServer(t *testing.T) *droppingServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &droppingServer{url: "http://" + listener.Addr().String(), seen: map[string]int{}}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { server.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return server
}

func (s *droppingServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	reader := bufio.NewReader(conn)
	for count := range 2 {
		req, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		_, nonce, _ := strings.Cut(req.Header.Get("Signature-Input"), "nonce=")
		s.mu.Lock()
		s.seen[nonce]++
		s.mu.Unlock()
		if count == 0 {
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nUpvest-Request-Id: request\r\n\r\n")
		}
	}
}

func (s *droppingServer) nonces() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}
