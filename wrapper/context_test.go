package wrapper_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestCallIsRefusedIfItsContextHasEnded(t *testing.T) {
	for name, withToken := range map[string]bool{"without a token": false, "with a token": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				server := scripted(success(orderBody))
				client := newTestClient(t, server.serve)
				if withToken {
					if err := retrieve(t.Context(), client); err != nil {
						t.Fatal(err)
					}
					server.restart(server.steps...)
				}
				err := createOrder(ctx, client)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got the error %v, want context.Canceled", err)
				}
				requireOutcome(t, err, upvest.OutcomeRefused)
				server.requireRequests(t, 0)
			})
		})
	}
}

func TestContextEndsAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		server := scripted(hang)
		start := time.Now()
		err := createOrder(ctx, newTestClient(t, server.serve))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got the error %v after %s, want context.DeadlineExceeded after a second",
				err, time.Since(start))
		}
		requireOutcome(t, err, upvest.OutcomeUnknown)
		server.requireRequests(t, 1)
		if count := strings.Count(err.Error(), context.DeadlineExceeded.Error()); count != 1 {
			t.Errorf("the error text mentions the exceeded deadline %d times, want once: %q", count, err)
		}
	})
}

// If the context is cancelled just as a response arrives that the client would retry,
// such as a 503, the error matches the context's error and the status of the response.
func TestContextThatEndsWhenAnErrorResponseArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		server := scripted(func(req *http.Request) (*http.Response, error) {
			cancel()
			return problem(503)(req)
		})
		err := createOrder(ctx, newTestClient(t, server.serve))
		server.requireRequests(t, 1)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, upvest.ErrServiceUnavailable) {
			t.Errorf("got the error %v, want ErrServiceUnavailable and context.Canceled", err)
		}
	})
}

// If the context is cancelled just as a response arrives that the client does not retry,
// such as a 404, the error does not wrap the context's error.
func TestErrorOfAFinalResponseOmitsTheContextError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		err := retrieve(ctx, newTestClient(t, func(req *http.Request) (*http.Response, error) {
			cancel()
			return problem(404)(req)
		}))
		if !errors.Is(err, upvest.ErrNotFound) || errors.Is(err, context.Canceled) {
			t.Errorf("got the error %v, want ErrNotFound without context.Canceled", err)
		}
	})
}

// The client does not begin a wait that would outlast the deadline of the context.
func TestClientDoesNotBeginAWaitThatOutlastsTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		server := scripted(problem(503, "Retry-After", "20"))
		start := time.Now()
		err := createOrder(ctx, newTestClient(t, server.serve))
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, upvest.ErrServiceUnavailable) {
			t.Errorf("got the error %v, want context.DeadlineExceeded and ErrServiceUnavailable", err)
		}
		requireText(t, err, "would outlast the deadline")
		server.requireRequests(t, 1)
		if took := time.Since(start); took != 0 {
			t.Errorf("the call took %s, want no wait", took)
		}
		requireOutcome(t, err, upvest.OutcomeUnknown)
		requireNoRetryListed(t, asError(t, err))
	})
}

func TestContextEndsTheWaitForARetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		server := scripted(problem(503, "Retry-After", "20"))
		start := time.Now()
		err := createOrder(ctx, newTestClient(t, server.serve))
		if !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("got the error %v after %s, want context.Canceled after a second",
				err, time.Since(start))
		}
		requireNoRetryListed(t, asError(t, err))
	})
}

// requireNoRetryListed checks that Retry and Wait of the first attempt are empty, because
// no second attempt followed.
func requireNoRetryListed(t *testing.T, failure *upvest.Error) {
	t.Helper()
	if last := failure.Attempts[0]; last.Retry != "" || last.Wait != 0 {
		t.Errorf(`the only attempt has Retry %q and Wait %s, want "" and 0s`, last.Retry, last.Wait)
	}
}

func TestNilContextIsAnError(t *testing.T) {
	client := newTestClient(t, success(orderBody))
	var none context.Context
	const want = "context is nil"
	for _, operation := range everyOperation() {
		_, err := operation.call(none, client)
		requireText(t, err, want)
		if failure := asError(t, err); failure.Outcome == upvest.OutcomeUnknown {
			t.Errorf("%s: the outcome is unknown, want refused or none, because nothing was sent",
				operation.id)
		}
	}
	for _, err := range client.Orders.All(none, portfolios.ListPortfoliosOrdersParams{}) {
		requireText(t, err, want)
	}
	_, err := client.Orders.Wait(none, someOrder, nil)
	requireText(t, err, want)
	source, ok := client.TokenSource().(*upvest.TokenSource)
	if !ok {
		t.Fatalf("the token source is a %T, want a *upvest.TokenSource", client.TokenSource())
	}
	_, err = source.TokenContext(none)
	requireText(t, err, want)
	if err := retrieve(t.Context(), client); err != nil {
		t.Errorf("the call after those with a nil context returned the error %v, want success", err)
	}
}
