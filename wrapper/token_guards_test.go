package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// hangingLimiter lets each request pass at once while hangs is false. While hangs is
// true, Wait returns only when its context ends.
type hangingLimiter struct{ hangs atomic.Bool }

func (l *hangingLimiter) Wait(ctx context.Context) error {
	if !l.hangs.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// If a renewal hangs in the background, later calls that need a token still succeed.
func TestRenewalThatHangsInTheLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := &hangingLimiter{}
		server := &tokenServer{life: "100", respond: success(orderBody)}
		client := server.client(t, upvest.WithLimiter(limiter))
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(95 * time.Second) // the renewal is due
		source := client.TokenSource()
		limiter.hangs.Store(true)
		if _, err := source.Token(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		limiter.hangs.Store(false)
		time.Sleep(10 * time.Second) // the token has expired
		began := time.Now()
		if err := retrieve(t.Context(), client); err != nil {
			t.Error(err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the call took %s, want no wait", waited)
		}
	})
}

// slowLimiter lets one request pass every five seconds.
type slowLimiter struct {
	mu   sync.Mutex
	next time.Time
}

func (l *slowLimiter) Wait(context.Context) error {
	l.mu.Lock()
	now := time.Now()
	if l.next.Before(now) {
		l.next = now
	}
	wait := l.next.Sub(now)
	l.next = l.next.Add(5 * time.Second)
	l.mu.Unlock()
	time.Sleep(wait)
	return nil
}

// The client fetches the token after the limiter has let the call pass, so that the token
// does not expire while the call waits.
func TestNoExpiredTokenIsSentAfterALongWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var granted time.Time
		var grants, expired int
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if isTokenRequest(req) {
				grants++
				granted = time.Now()
				return success(grantBody(fmt.Sprint("token-", grants), "60"))(req)
			}
			isCurrent := req.Header.Get("Authorization") == fmt.Sprint("Bearer token-", grants)
			if !isCurrent || time.Since(granted) >= time.Minute {
				expired++
			}
			return success(orderBody)(req)
		}), upvest.WithLimiter(&slowLimiter{}))
		failures := make(chan error, 40)
		// the calls take 200 seconds, and each token is valid for 60 seconds
		for range 40 {
			go func() { failures <- retrieve(t.Context(), client) }()
		}
		for range 40 {
			if err := <-failures; err != nil {
				t.Error(err)
			}
		}
		if expired > 0 {
			t.Errorf("the server got %d requests with an expired token, want none", expired)
		}
	})
}

// If the server refuses the client secret, the client sends at most one token request a
// second for all calls together.
func TestRefusedSecretLimitsTokenRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusals := slices.Repeat([]roundTrip{problem(401)}, 100)
		server := &tokenServer{steps: refusals, respond: success(orderBody)}
		client := server.client(t)
		end := time.Now().Add(10 * time.Second)
		for time.Now().Before(end) {
			if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
				t.Fatalf("got the error %v, want ErrUnauthorized", err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		// The client sends one token request at once, and then one a second.
		if fetches := len(server.fetches); fetches > 11 {
			t.Errorf("got %d token requests in 10 seconds, want at most 11", fetches)
		}
	})
}

// If a call ends during the pause after a failed token request, the error of the call
// reports how that token request failed.
func TestTimeoutErrorReportsTheLatestTokenFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusals := slices.Repeat([]roundTrip{problem(401)}, 100)
		server := &tokenServer{steps: refusals, respond: success(orderBody)}
		client := server.client(t)
		if err := retrieve(t.Context(), client); err == nil {
			t.Fatal("the first call succeeded, want an error")
		}
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		err := retrieve(ctx, client)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want context.DeadlineExceeded", err)
		}
		requireText(t, err, "the last token request failed 1s ago")
		requireText(t, err, "401 Unauthorized")
	})
}

// If one kind of call always receives a 401 but other calls succeed, the client requests
// a new token at most once a minute.
func TestUnauthorizedCallsKeepAConfirmedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fetches atomic.Int32
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if isTokenRequest(req) {
				fetches.Add(1)
				return success(grantBody("token", "3600"))(req)
			}
			if strings.HasSuffix(req.URL.Path, "/refused") {
				time.Sleep(time.Second) // meanwhile, a call that is sent later succeeds
				return problem(401)(req)
			}
			return success(orderBody)(req)
		}))
		for range 60 {
			refused := make(chan error)
			go func() {
				request := upvest.Request{Method: http.MethodGet, Path: "/refused"}
				refused <- client.Do(t.Context(), request, nil)
			}()
			time.Sleep(500 * time.Millisecond)
			if err := retrieve(t.Context(), client); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Second) // while the client repeats the refused call
			if err := retrieve(t.Context(), client); err != nil {
				t.Error(err)
			}
			if err := <-refused; !errors.Is(err, upvest.ErrUnauthorized) {
				t.Errorf("got the error %v, want ErrUnauthorized", err)
			}
		}
		// A refusal may mean that the token was revoked, so the client still requests a
		// new token once a minute.
		if fetches.Load() != 3 {
			t.Errorf("got %d token requests in two minutes, want 3", fetches.Load())
		}
	})
}

// A 403 renews a token that is older than one minute, because the server may have granted
// a missing scope since it issued the token. A 403 without a problem document, which may
// come from a proxy, renews no token.
func TestForbiddenRenewsTheTokenInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := problem(403)
		server := &tokenServer{life: "3600", respond: func(req *http.Request) (*http.Response, error) {
			return next(req)
		}}
		client := server.client(t)
		for range 59 {
			if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrForbidden) {
				t.Fatalf("got the error %v, want ErrForbidden", err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if fetches := len(server.fetches); fetches != 1 {
			t.Errorf("got %d token requests within a minute, want 1", fetches)
		}
		time.Sleep(2 * time.Second)
		_ = retrieve(t.Context(), client)
		synctest.Wait()
		if fetches := len(server.fetches); fetches != 2 {
			t.Errorf("got %d token requests after a minute, want 2", fetches)
		}
		next = respond(http.StatusForbidden, "text/html", "<html>blocked</html>")
		time.Sleep(2 * time.Minute)
		_ = retrieve(t.Context(), client)
		synctest.Wait()
		if fetches := len(server.fetches); fetches != 2 {
			t.Errorf("got %d token requests after a 403 from a proxy, want 2", fetches)
		}
	})
}

// The lifetime of a token counts from the start of the token request, so that the client
// does not use the token for longer than the server accepts it.
func TestTokenExpiryCountsFromTheRequest(t *testing.T) {
	for _, life := range []string{"3600", `" 3600 "`, "3.6e3"} {
		synctest.Test(t, func(t *testing.T) {
			server := &tokenServer{life: life, delay: 20 * time.Second}
			asked := time.Now()
			token, err := server.client(t).TokenSource().Token()
			if err != nil {
				t.Fatal(err)
			}
			if want := asked.Add(time.Hour); !token.Expiry.Equal(want) {
				t.Errorf("expires_in %s: the token expires at %s, want %s", life, token.Expiry, want)
			}
		})
	}
}

// If a token response contains the error fields of OAuth 2.0, the client returns them in
// the error, regardless of the status.
func TestTokenErrorsOfOAuth(t *testing.T) {
	const body = `{"error": "invalid_client", "error_description": "unknown client"}`
	for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized} {
		server := &tokenServer{steps: []roundTrip{respond(status, "application/json", body)}}
		_, err := server.client(t).TokenSource().Token()
		failure := asError(t, err)
		if failure.Type != "invalid_client" || failure.Detail != "unknown client" ||
			failure.Status != status {
			t.Errorf("status %d: got the type %q and detail %q, "+
				"want invalid_client, unknown client and the status",
				status, failure.Type, failure.Detail)
		}
	}
}

// A hook that requests a token during a token request receives an error instead of
// waiting forever for that token request.
func TestHookThatRequestsAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{life: "3600", respond: success(orderBody)}
		var source *upvest.TokenSource
		var inHook error
		hook := func(ctx context.Context, attempt upvest.Attempt) {
			if attempt.Operation == "token" {
				_, inHook = source.TokenContext(ctx)
			}
		}
		client := server.client(t, upvest.WithAttemptHook(hook))
		source, _ = client.TokenSource().(*upvest.TokenSource)
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		requireText(t, inHook, "needs the token of that request")
	})
}

// If the token is dropped while its successor is requested in the background, the client
// cancels this request, because its result would be dropped too.
func TestForgetCancelsTheBackgroundRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{life: "10"}
		client := server.client(t)
		requireAtOnce(t, client)
		time.Sleep(9 * time.Second)
		server.steps = []roundTrip{hang}
		requireAtOnce(t, client)
		synctest.Wait()
		server.requireCounts(t, 2, 2)
		source, ok := client.TokenSource().(*upvest.TokenSource)
		if !ok {
			t.Fatalf("the token source is a %T, want a *TokenSource", client.TokenSource())
		}
		source.Forget("token-1")
		synctest.Wait()
		if err := server.fetches[1].Context().Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("the context of the background request has the error %v, want context.Canceled", err)
		}
	})
}

// After Close, new calls fail, a call in progress still succeeds, and the token source
// still returns tokens.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{life: "100", respond: slow(10*time.Second, success(orderBody))}
		client := server.client(t)
		underway := make(chan error)
		go func() { underway <- retrieve(t.Context(), client) }()
		synctest.Wait()
		client.Close()
		requireText(t, retrieve(t.Context(), client), "the client is closed")
		if err := <-underway; err != nil {
			t.Errorf("the call in progress returned the error %v, want success", err)
		}
		if _, err := client.TokenSource().Token(); err != nil {
			t.Errorf("after Close, the token source returned the error %v, want a token", err)
		}
	})
}

// Close ends a token renewal that runs in the background. If the goroutine of the renewal
// did not end, synctest would fail this test.
func TestCloseEndsBackgroundWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := &hangingLimiter{}
		server := &tokenServer{life: "100", respond: success(orderBody)}
		client := server.client(t, upvest.WithLimiter(limiter))
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(95 * time.Second)
		limiter.hangs.Store(true)
		if _, err := client.TokenSource().Token(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		began := time.Now()
		client.Close()
		synctest.Wait()
		if passed := time.Since(began); passed != 0 {
			t.Errorf("Close took %s, want it to return at once", passed)
		}
	})
}
