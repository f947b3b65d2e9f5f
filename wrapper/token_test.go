package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestTokenIsRequestedAndUsed(t *testing.T) {
	var authorization string
	server := &tokenServer{respond: func(req *http.Request) (*http.Response, error) {
		authorization = req.Header.Get("authorization")
		return success(orderBody)(req)
	}}
	if err := retrieve(t.Context(), server.client(t)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"grant_type":    "client_credentials",
		"client_id":     "5ec16164-6173-461d-b90d-116d68f55b40",
		"client_secret": "test-secret",
		"scope":         "portfolios:admin portfolios:read",
	} {
		if got := server.forms[0].Get(name); got != want {
			t.Errorf("the token request has %s = %q, want %q", name, got, want)
		}
	}
	header := server.fetches[0].Header
	for name, want := range map[string]string{
		"content-type":             "application/x-www-form-urlencoded",
		"accept":                   "application/json",
		"upvest-signature-version": "15",
		"upvest-client-id":         "5ec16164-6173-461d-b90d-116d68f55b40",
		"upvest-api-version":       "1",
		"authorization":            "",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("the token request has %s = %q, want %q", name, got, want)
		}
	}
	input := header.Get("signature-input")
	if !strings.Contains(input, `"content-digest"`) || strings.Contains(input, "authorization") {
		t.Errorf("the token request has signature-input = %q, "+
			"want it to cover content-digest but not authorization", input)
	}
	if authorization != "Bearer token-1" {
		t.Errorf("the call has authorization = %q, want \"Bearer token-1\"", authorization)
	}
}

func TestUserAgentOfTheTokenRequest(t *testing.T) {
	server := &tokenServer{}
	if err := retrieve(t.Context(), server.client(t, upvest.WithUserAgent("my-service/1.2"))); err != nil {
		t.Fatal(err)
	}
	const want = "my-service/1.2 upvest-portfolios-go/"
	if agent := server.fetches[0].Header.Get("user-agent"); !strings.HasPrefix(agent, want) {
		t.Errorf("the token request has user-agent = %q, want it to begin with %q", agent, want)
	}
}

func TestConcurrentCallsShareOneTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: time.Second}
		client := server.client(t)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if err := retrieve(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		server.requireCounts(t, 1, 100)
	})
}

func TestTokenRequestContinuesWhileAnyCallWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: 10*time.Second + 1}
		client := server.client(t)
		var callers sync.WaitGroup
		start := time.Now()
		for i := range 10 { // the first caller is the first to give up
			callers.Go(func() {
				patience := time.Duration(i+1) * time.Second
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				err := retrieve(ctx, client)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != patience {
					t.Errorf("caller %d got the error %v after %s, want context.DeadlineExceeded after %s",
						i, err, time.Since(start), patience)
				}
			})
			synctest.Wait()
		}
		callers.Go(func() {
			if err := retrieve(t.Context(), client); err != nil || time.Since(start) != server.delay {
				t.Errorf("the caller without a deadline got the error %v after %s, want success after %s",
					err, time.Since(start), server.delay)
			}
		})
		callers.Wait()
		server.requireCounts(t, 1, 1)
	})
}

func TestTheLastWaitingCallCancelsTheTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: time.Hour}
		client := server.client(t, upvest.WithRetry(upvest.RetryPolicy{AttemptTimeout: 2 * time.Hour}))
		var callers sync.WaitGroup
		for i := range 3 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
				defer cancel()
				if err := retrieve(ctx, client); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("caller %d got the error %v, want context.DeadlineExceeded", i, err)
				}
			})
		}
		callers.Wait()
		synctest.Wait()
		if err := server.fetches[0].Context().Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("the context of the token request has the error %v, want context.Canceled", err)
		}
		server.delay = 0
		if err := retrieve(t.Context(), client); err != nil {
			t.Errorf("the next call returned the error %v, want success", err)
		}
		server.requireCounts(t, 2, 1)
	})
}

// A call receives the failure of a token request only if the client sent an attempt of
// that token request while the call waited. A call that begins after the server has
// recovered receives a token.
func TestCallsNeverReceiveAnEarlierFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{steps: []roundTrip{hang, hang}}
		client := server.client(t,
			upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, AttemptTimeout: 30 * time.Second}))
		call := func() <-chan error {
			result := make(chan error, 1)
			go func() { result <- retrieve(t.Context(), client) }()
			return result
		}
		before := call()
		time.Sleep(10 * time.Second)
		during := call()
		time.Sleep(40 * time.Second)
		after := call()

		if err := <-after; err != nil {
			t.Errorf("a call that began after the server had recovered got the error %v, want success", err)
		}
		for name, result := range map[string]<-chan error{
			"before the first attempt":  before,
			"before the second attempt": during,
		} {
			err := <-result
			var failure *upvest.Error
			if !errors.As(err, &failure) || !strings.Contains(err.Error(), "token") {
				t.Errorf("a call that began %s got the error %v, want that of a token request", name, err)
			}
		}
		if len(server.fetches) != 3 {
			t.Errorf("got %d token requests, want 3: two that failed and one that succeeded",
				len(server.fetches))
		}
	})
}

func TestUnauthorizedCallIsRepeatedWithANewToken(t *testing.T) {
	server := &tokenServer{}
	client := server.client(t, upvest.WithoutRetry())
	if err := retrieve(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	server.revokeFor("token-2")
	if err := retrieve(t.Context(), client); err != nil {
		t.Errorf("got the error %v, want success with the new token", err)
	}
	server.requireCounts(t, 2, 3)
}

func TestUnauthorizedCallIsRepeatedOnce(t *testing.T) {
	server := &tokenServer{valid: "another"}
	failure := asError(t, retrieve(t.Context(), server.client(t)))
	if failure.Status != 401 || failure.Detail != "Token is not active" || len(failure.Attempts) != 2 {
		t.Errorf("got the error %v, want the 401 with its detail after two attempts", failure)
	}
	server.requireCounts(t, 2, 2)
}

func TestConcurrentUnauthorizedCallsShareOneTokenRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: time.Second}
		client := server.client(t)
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		server.revokeFor("token-2")
		var callers sync.WaitGroup
		for i := range 50 {
			callers.Go(func() {
				time.Sleep(time.Duration(i%5) * 100 * time.Millisecond)
				if err := retrieve(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if len(server.fetches) != 2 {
			t.Errorf("got %d token requests, want 2: the first, and then one that all calls share",
				len(server.fetches))
		}
	})
}

// If the server refuses a token while the client renews it, or just after the renewal,
// the client requests a third token, because the server may have revoked the first two
// tokens together.
func TestTokensThatAreRevokedTogether(t *testing.T) {
	for name, renewal := range map[string]time.Duration{
		"during the renewal":      3 * time.Second,
		"right after the renewal": time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{}
				client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
					if !isTokenRequest(req) {
						time.Sleep(2 * time.Second)
					}
					return server.serve(req)
				}))
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				time.Sleep(1700 * time.Second)
				server.delay = renewal
				var calls sync.WaitGroup
				for range 50 {
					calls.Go(func() {
						if err := retrieve(t.Context(), client); err != nil {
							t.Error(err)
						}
					})
				}
				time.Sleep(time.Second + time.Millisecond)
				server.revokeFor("token-3")
				calls.Wait()
				time.Sleep(time.Minute)
				if err := retrieve(t.Context(), client); err != nil {
					t.Error(err)
				}
				if len(server.fetches) != 3 {
					t.Errorf("got %d token requests, want 3, the last of them shared by all calls",
						len(server.fetches))
				}
			})
		})
	}
}

// While a renewal is in progress, no call is sent with a token that has expired.
func TestExpiredTokensAreNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := 0
		used := make(chan string, 10)
		client := newClientOver(t, roundTrip(func(req *http.Request) (*http.Response, error) {
			if isTokenRequest(req) {
				tokens++
				token := fmt.Sprintf("token-%d", tokens)
				time.Sleep(2 * time.Second)
				return success(grantBody(token, "1800"))(req)
			}
			used <- req.Header.Get("Authorization")
			return success(orderBody)(req)
		}))
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if token := <-used; token != "Bearer token-1" {
			t.Fatalf("the first call was sent with the authorization %q, want \"Bearer token-1\"", token)
		}
		time.Sleep(time.Hour)
		var calls sync.WaitGroup
		for range 5 {
			calls.Go(func() {
				if err := retrieve(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(100 * time.Millisecond)
		}
		calls.Wait()
		for range 5 {
			if token := <-used; token != "Bearer token-2" {
				t.Errorf("a later call was sent with the authorization %q, want \"Bearer token-2\"", token)
			}
		}
		if tokens != 2 {
			t.Errorf("got %d token requests, want 2", tokens)
		}
	})
}
