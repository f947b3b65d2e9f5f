package wrapper_test

import (
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

// A token request that was sent while the server was away fails for those who asked then.
// Who asks when it is back gets a token.
func TestNobodyIsToldOfAnOlderFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{answers: scripted(hangs, hangs)}
		client := server.client(t, upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, AttemptTimeout: 30 * time.Second}))
		before := make(chan error, 1)
		during := make(chan error, 1)
		after := make(chan error, 1)
		go func() { before <- retrieve(t.Context(), client) }()
		time.Sleep(10 * time.Second)
		go func() { during <- retrieve(t.Context(), client) }()
		time.Sleep(40 * time.Second)
		go func() { after <- retrieve(t.Context(), client) }()

		if err := <-after; err != nil {
			t.Errorf("a call that began when the server was back: %v", err)
		}
		for _, result := range []chan error{before, during} {
			var failure *upvest.Error
			if err := <-result; !errors.As(err, &failure) || !strings.Contains(err.Error(), "token") {
				t.Errorf("a call that began before the last attempt: %v, want the failure of the token request", err)
			}
		}
		if len(server.fetches) != 3 {
			t.Errorf("%d token requests, want 2 that failed and one more", len(server.fetches))
		}
	})
}

// A token that was granted while the last one was in use may have been revoked with it.
func TestTokensThatWereRevokedTogether(t *testing.T) {
	for name, renewal := range map[string]time.Duration{
		"the renewal is under way":     3 * time.Second,
		"the renewal has just arrived": time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{}
				client := newClientOver(t, roundTripper(func(req *http.Request) (*http.Response, error) {
					if !strings.HasSuffix(req.URL.Path, "/auth/token") {
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
				server.mu.Lock()
				server.good = "token-3"
				server.mu.Unlock()
				calls.Wait()
				time.Sleep(time.Minute)
				if err := retrieve(t.Context(), client); err != nil || len(server.fetches) != 3 {
					t.Errorf("%v after %d token requests, want a third that all share", err, len(server.fetches))
				}
			})
		})
	}
}

// While the next token is on its way, nobody is given one that has expired.
func TestNobodyGetsAnExpiredToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := 0
		used := make(chan string, 10)
		client := newClientOver(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/auth/token") {
				tokens++
				number := tokens
				time.Sleep(2 * time.Second)
				return answer(http.StatusOK, "application/json", fmt.Sprintf(`{"access_token": "token-%d", "expires_in": 1800}`, number)), nil
			}
			used <- req.Header.Get("Authorization")
			return answer(http.StatusOK, "application/json", orderBody), nil
		}))
		if err := retrieve(t.Context(), client); err != nil || <-used != "Bearer token-1" {
			t.Fatal(err)
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
				t.Errorf("a call went out with %s", token)
			}
		}
		if tokens != 2 {
			t.Errorf("%d token requests, want 2", tokens)
		}
	})
}
