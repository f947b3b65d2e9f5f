package wrapper_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// switchAfter returns a round trip that calls `before` for each request until the given
// time has passed, and `afterwards` for all later requests.
func switchAfter(after time.Duration, before, afterwards roundTrip) roundTrip {
	start := time.Now()
	return func(req *http.Request) (*http.Response, error) {
		if time.Since(start) < after {
			return before(req)
		}
		return afterwards(req)
	}
}

// The last retrieval of Wait begins shortly before the deadline of the context.
func TestWaitRetrievesShortlyBeforeItsDeadline(t *testing.T) {
	for _, length := range []time.Duration{500 * time.Millisecond, 5 * time.Second, time.Minute, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), length)
			defer cancel()
			filled := max(length*9/10, length-time.Second-time.Millisecond)
			client := newTestClient(t, switchAfter(filled, status("NEW"), status("FILLED")))
			var waiting sync.WaitGroup
			for range 20 {
				waiting.Go(func() {
					order, err := waitForOrder(ctx, client)
					if err != nil {
						t.Errorf("with a deadline after %s, Wait returned the error %v, want an order",
							length, err)
					}
					requireLastReceived(t, order, portfolios.OrderStatusFILLED)
				})
			}
			waiting.Wait()
		})
	}
}

// If the deadline is 5 seconds after the start, the last retrieval begins at least 125 ms
// before the deadline. Wait therefore receives a response that takes 124 ms.
func TestWaitReservesTimeForItsLastRetrieval(t *testing.T) {
	for _, random := range []uint64{0, 7, 1 << 40, 1 << 63} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			filled := switchAfter(4*time.Second, status("NEW"), slow(124*time.Millisecond, status("FILLED")))
			client := newTestClient(t, filled, upvest.WithRandom(fixedRandom(random)))
			order, err := waitForOrder(ctx, client)
			if err != nil {
				t.Fatal(err)
			}
			requireLastReceived(t, order, portfolios.OrderStatusFILLED)
		})
	}
}

// Wait continues after retryable failures until its context ends.
func TestWaitContinuesAfterAnOutage(t *testing.T) {
	for name, outage := range map[string]roundTrip{
		"unavailable":     problem(503),
		"Cloudflare":      respond(521, "text/html", "<html></html>"),
		"throttled":       problem(429, "Retry-After", "3"),
		"network failure": failing(io.ErrUnexpectedEOF),
		"no response":     hang,
		"truncated body":  cutOff,
	} {
		for kind, first := range map[string]roundTrip{
			"after an order was received": status("NEW"), "before an order is received": outage,
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
					defer cancel()
					recovery := switchAfter(time.Minute, outage, status("FILLED"))
					server := switchAfter(time.Millisecond, first, recovery)
					order, err := waitForOrder(ctx, newTestClient(t, server))
					if err != nil {
						t.Fatal(err)
					}
					requireLastReceived(t, order, portfolios.OrderStatusFILLED)
				})
			})
		}
	}
}

// Wait continues after a failure that the caller's retry policy retries.
func TestWaitContinuesAfterFailuresThatTheRetryPolicyRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := upvest.RetryPolicy{
			MaxAttempts: 2,
			Retry:       func(attempt upvest.Attempt) bool { return attempt.Status == http.StatusTeapot },
		}
		server := scripted(problem(418), problem(418), problem(418), status("FILLED"))
		order, err := waitForOrder(t.Context(), newTestClient(t, server.serve), upvest.WithRetry(policy))
		if err != nil {
			t.Fatal(err)
		}
		requireLastReceived(t, order, portfolios.OrderStatusFILLED)
	})
}

func TestWaitContinuesAfterAnOutageOfTheTokenEndpoint(t *testing.T) {
	for name, outage := range map[string]roundTrip{"unavailable": problem(503), "no response": hang} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens := switchAfter(time.Minute, outage, success(tokenBody))
				client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					if isTokenRequest(req) {
						return tokens(req)
					}
					return status("FILLED")(req)
				}))
				if _, err := waitForOrder(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// WithTimeout limits each retrieval, not Wait as a whole.
func TestWaitContinuesAfterATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, switchAfter(time.Minute, hang, status("FILLED")))
		if _, err := waitForOrder(t.Context(), client, upvest.WithTimeout(time.Second)); err != nil {
			t.Error(err)
		}
	})
}

// Wait continues after a retrieval that timed out while it waited for a token.
func TestWaitContinuesAfterATimeoutOfTheTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := switchAfter(time.Minute, hang, success(tokenBody))
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if isTokenRequest(req) {
				return tokens(req)
			}
			return status("FILLED")(req)
		}))
		if _, err := waitForOrder(t.Context(), client, upvest.WithTimeout(time.Second)); err != nil {
			t.Error(err)
		}
	})
}

func TestWaitEndsIfTheTokenRequestIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := waitForOrder(t.Context(), newClientOver(t, problem(401)))
		if !errors.Is(err, upvest.ErrUnauthorized) {
			t.Errorf("got the error %v, want ErrUnauthorized", err)
		}
	})
}

// Wait pauses for as long as Retry-After asks, even if the retry policy allows less.
func TestWaitHonorsALongRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(429, "Retry-After", "100"), status("FILLED"))
		if _, err := waitForOrder(t.Context(), newTestClient(t, server.serve)); err != nil {
			t.Fatal(err)
		}
		if waits := server.waits(); len(waits) != 1 || waits[0] != 100*time.Second {
			t.Errorf("got the pauses %v, want one pause of 100 s", waits)
		}
	})
}

// If the deadline ends Wait, the error contains the last failure.
func TestWaitReportsTheLastFailure(t *testing.T) {
	for name, test := range map[string]struct {
		steps []roundTrip
		want  string
	}{
		"an order, then a failure": {steps: []roundTrip{status("NEW"), problem(503)}, want: "is NEW"},
		"only failures":            {steps: []roundTrip{problem(503)}, want: "not received yet"},
		"an order, failures, then no response": {
			steps: []roundTrip{status("NEW"), problem(503), problem(503), hang},
			want:  "the previous retrieval failed",
		},
		"not found, then a failure": {
			steps: []roundTrip{problem(404), problem(503)}, want: "not received yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				client := newTestClient(t, scripted(test.steps...).serve,
					upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Hour}))
				_, err := waitForOrder(ctx, client)
				isUnavailable := errors.Is(err, upvest.ErrServiceUnavailable)
				if !errors.Is(err, context.DeadlineExceeded) || !isUnavailable {
					t.Errorf("got the error %v, want it to match context.DeadlineExceeded and "+
						"ErrServiceUnavailable", err)
				}
				requireText(t, err, test.want, "request-503")
			})
		})
	}
}

// If the deadline ends Wait, the error does not mention a failure after which a retrieval
// succeeded.
func TestWaitErrorOmitsFailuresBeforeASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		steps := []roundTrip{problem(503), problem(503), problem(503), problem(503), status("NEW")}
		_, err := waitForOrder(ctx, newTestClient(t, scripted(steps...).serve))
		if errors.Is(err, upvest.ErrServiceUnavailable) || strings.Contains(err.Error(), "503") {
			t.Errorf("got the error %v, want an error that does not mention the earlier 503 responses", err)
		}
		requireText(t, err, "is NEW")
	})
}

// Retrievals by Wait do not use the retry budget of the other calls, and the other calls
// do not use the retry budget of Wait.
func TestWaitHasASeparateRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, problem(503))
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for range 500 {
			waiting.Go(func() { _, _ = waitForOrder(ctx, client) })
		}
		time.Sleep(10 * time.Second)
		failure := asError(t, retrieve(t.Context(), client))
		if len(failure.Attempts) != 4 {
			t.Errorf("a call during Wait made %d attempts, want 4; the error is %v",
				len(failure.Attempts), failure)
		}
		cancel()
		waiting.Wait()
	})
	synctest.Test(t, func(t *testing.T) {
		isFilling := false
		server := func(req *http.Request) (*http.Response, error) {
			if isFilling {
				isFilling = false
				return problem(503)(req)
			}
			return status("FILLED")(req)
		}
		spent := newTestClient(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, someOrder.String()) {
				return server(req)
			}
			return problem(503)(req)
		}), upvest.WithRandom(fixedRandom(0)))
		for range 40 {
			_ = createOrder(t.Context(), spent)
		}
		if err := createOrder(t.Context(), spent); !errors.Is(err, upvest.ErrRetryBudget) {
			t.Fatalf("got the error %v, want ErrRetryBudget", err)
		}
		isFilling = true
		start := time.Now()
		if _, err := waitForOrder(t.Context(), spent); err != nil || time.Since(start) > 0 {
			t.Errorf("got the error %v after %s, want the order after one immediate retry",
				err, time.Since(start))
		}
	})
}
