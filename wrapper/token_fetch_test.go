package wrapper_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// requireAtOnce makes a call that must succeed without waiting.
func requireAtOnce(t *testing.T, client *upvest.Client) {
	t.Helper()
	began := time.Now()
	if err := retrieve(t.Context(), client); err != nil || time.Since(began) != 0 {
		t.Errorf("the call returned the error %v after %s, want success at once", err, time.Since(began))
	}
}

// The context of a background renewal contains no values from the context of the call
// that started the renewal.
func TestRenewalCarriesNoValuesOfACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type mark struct{}
		var marked []bool // whether each token request carries the value
		hook := func(ctx context.Context, attempt upvest.Attempt) {
			if attempt.Operation == "token" {
				marked = append(marked, ctx.Value(mark{}) != nil)
			}
		}
		client := (&tokenServer{life: "100"}).client(t, upvest.WithAttemptHook(hook))
		ctx := context.WithValue(t.Context(), mark{}, true)
		for range 2 {
			if err := retrieve(ctx, client); err != nil {
				t.Fatal(err)
			}
			time.Sleep(95 * time.Second)
			synctest.Wait()
		}
		if len(marked) != 2 || !marked[0] || marked[1] {
			t.Errorf("whether each token request carries the call's context value: got %v, want [true false]",
				marked)
		}
	})
}

// A renewal that hangs is cancelled after two minutes, while the token is still valid.
func TestRenewalThatHangsIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := &hangingLimiter{}
		server := &tokenServer{}
		client := server.client(t, upvest.WithLimiter(limiter))
		requireAtOnce(t, client)
		// just after the latest start of a renewal: 1800 s - 300 s + 150 s of jitter
		time.Sleep(1651 * time.Second)
		limiter.hangs.Store(true)
		if _, err := client.TokenSource().Token(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		limiter.hangs.Store(false)
		time.Sleep(121 * time.Second)
		requireAtOnce(t, client)
		synctest.Wait()
		server.requireCounts(t, 2, 2)
	})
}

// Calls during a slow renewal do not wait, and do not start a second token request.
func TestSlowRenewalSendsOneTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{}
		client := server.client(t)
		requireAtOnce(t, client)
		time.Sleep(1651 * time.Second)
		server.delay = 20 * time.Second
		for range 30 {
			requireAtOnce(t, client)
			time.Sleep(time.Second)
		}
		server.requireCounts(t, 2, 31)
	})
}

// After a failed token request, the client pauses for one second before the next token
// request. If the clock is set back meanwhile, the pause must not become longer.
func TestTokenPauseWithAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offset time.Duration
		server := &tokenServer{steps: []roundTrip{problem(400)}}
		client := server.client(t,
			upvest.WithClock(func() time.Time { return time.Now().Add(offset) }))
		if err := retrieve(t.Context(), client); err == nil {
			t.Fatal("the first call succeeded, want an error")
		}
		offset = -time.Hour
		began := time.Now()
		if err := retrieve(t.Context(), client); err != nil || time.Since(began) > time.Second {
			t.Errorf("got the error %v after %s, want success within a second", err, time.Since(began))
		}
	})
}

// If a call ends while it waits for a token, the error of the call does not mention token
// requests that failed before the last successful token request.
func TestTimeoutErrorOmitsTokenFailuresBeforeASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{life: "100", steps: []roundTrip{problem(401)}}
		client := server.client(t)
		if err := retrieve(t.Context(), client); err == nil {
			t.Fatal("the first call succeeded, want an error")
		}
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Second)
		server.delay = time.Minute
		err := retrieve(t.Context(), client, upvest.WithTimeout(time.Second))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want context.DeadlineExceeded", err)
		}
		if strings.Contains(err.Error(), "the last token request failed") {
			t.Errorf("got the error %v, want no failure from before the successful token request", err)
		}
	})
}

// If a call ends while it waits for a token, the error states how long ago the last token
// request failed. This time counts from the end of the failed token request.
func TestAgeOfATokenFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{steps: []roundTrip{slow(20*time.Second, problem(400)), hang}}
		client := server.client(t)
		if err := retrieve(t.Context(), client); err == nil {
			t.Fatal("the first call succeeded, want an error")
		}
		err := retrieve(t.Context(), client, upvest.WithTimeout(5*time.Second))
		requireText(t, err, "the last token request failed 5s ago", "400 Bad Request")
	})
}

// If all calls that waited for a token request have ended, the next call does not wait
// for that token request, but sends a new one.
func TestCancelledTokenRequestDelaysNoCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{steps: []roundTrip{hang}}
		client := server.client(t)
		err := retrieve(t.Context(), client, upvest.WithTimeout(time.Second))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got the error %v, want context.DeadlineExceeded", err)
		}
		synctest.Wait()
		requireAtOnce(t, client)
	})
}

// Calls that wait together share the failure of one token request.
func TestConcurrentCallsShareAFailedTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{steps: []roundTrip{slow(time.Second, problem(400))}}
		client := server.client(t)
		began := time.Now()
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				err := retrieve(t.Context(), client)
				if asError(t, err).Outcome != upvest.OutcomeNone || time.Since(began) != time.Second {
					t.Errorf("got the error %v after %s, want the failure of the token request after 1 s",
						err, time.Since(began))
				}
			})
		}
		calls.Wait()
		server.requireCounts(t, 1, 0)
	})
}

// If the limiter refuses the token request, the call fails at once.
func TestLimiterThatRefusesTheTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := 0
		limiter := limiterFunc(func(context.Context) error {
			turns++
			if turns > 1 {
				return errors.New("no turn left")
			}
			return nil
		})
		server := &tokenServer{}
		began := time.Now()
		err := retrieve(t.Context(), server.client(t, upvest.WithLimiter(limiter)))
		requireText(t, err, "no turn left")
		if turns != 2 || time.Since(began) != 0 {
			t.Errorf("the limiter was called %d times in %s, want 2 times in 0s", turns, time.Since(began))
		}
	})
}

// The client limits how many calls may wait for a token source without support for
// contexts at the same time. Consecutive calls must not use up this limit.
func TestManyCallsWithATokenSourceWithoutContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := sourceFunc(func() (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: "token"}, nil
		})
		client := (&tokenServer{}).client(t, upvest.WithTokenSource(source))
		for range 50 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := retrieve(ctx, client); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
	})
}

// Close does not cancel a token request that a call waits for.
func TestCloseDoesNotCancelATokenRequestThatACallNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: 10 * time.Second}
		client := server.client(t)
		underway := make(chan error)
		go func() { underway <- retrieve(t.Context(), client) }()
		synctest.Wait()
		client.Close()
		if err := <-underway; err != nil {
			t.Errorf("the call in progress returned the error %v, want success", err)
		}
	})
}

// A token has the scope that the server granted. The lifetime of the token counts from
// the attempt that succeeded, not from the failed attempt before it.
func TestTokenFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{life: "3600", steps: []roundTrip{slow(10*time.Second, problem(503))}}
		token, err := server.client(t, upvest.WithRandom(fixedRandom(0))).TokenSource().Token()
		if err != nil {
			t.Fatal(err)
		}
		if want := time.Now().Add(time.Hour); !token.Expiry.Equal(want) || token.ExpiresIn != 3600 {
			t.Errorf("the token has the Expiry %s and ExpiresIn %d, want %s and 3600",
				token.Expiry, token.ExpiresIn, want)
		}
		if scope := token.Extra("scope"); scope != "portfolios:read" {
			t.Errorf("the token has the scope %q, want \"portfolios:read\" as granted", scope)
		}
	})
}

// Idle connections are closed only by Close, and by the last call that ends after Close.
func TestCallsKeepIdleConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{}
		next := roundTrip(func(req *http.Request) (*http.Response, error) {
			if !isTokenRequest(req) {
				time.Sleep(time.Second)
			}
			return server.serve(req)
		})
		transport := &closingTransport{RoundTripper: next}
		client := newClientOver(t, transport)
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if transport.closed.Load() != 0 {
			t.Errorf("a call closed the idle connections %d times, want 0 times", transport.closed.Load())
		}
		underway := make(chan error)
		go func() { underway <- retrieve(t.Context(), client) }()
		synctest.Wait()
		client.Close()
		if err := <-underway; err != nil || transport.closed.Load() != 2 {
			t.Errorf("got the error %v and idle connections closed %d times, "+
				"want success and 2 times: by Close and after the call", err, transport.closed.Load())
		}
	})
}
