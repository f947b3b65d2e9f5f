package wrapper_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestTokenIsRenewedBeforeItExpires(t *testing.T) {
	for _, test := range []struct {
		life    string // expires_in as JSON
		latency time.Duration
		first   time.Duration // the age from which the token may be renewed
		last    time.Duration // the age by which the token must have been renewed
	}{
		{life: "1800", first: 1500 * time.Second, last: 1650 * time.Second},
		{life: "1800.0", first: 1500 * time.Second, last: 1650 * time.Second},
		{life: "86400", first: 86100 * time.Second, last: 86250 * time.Second},
		{life: "100", first: 80 * time.Second, last: 90 * time.Second},
		{life: "5", first: 4000 * time.Millisecond, last: 4500 * time.Millisecond},
		{life: `"100"`, first: 80 * time.Second, last: 90 * time.Second},
		// The lifetime may have begun when the server received the request, so the client
		// subtracts the latency from the lifetime.
		{life: "100", latency: 20 * time.Second, first: 60 * time.Second, last: 70 * time.Second},
	} {
		ages := map[time.Duration]bool{}
		for random := range uint64(5) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{life: test.life, delay: test.latency}
				random := fixedRandom(random * random * 1_234_567_891)
				step := (test.last - test.first) / 20
				age := ageAtRenewal(t, server, random, step, 2*test.last)
				if age < test.first || age > test.last+step {
					t.Errorf("expires_in %s: the token was renewed at the age of %s, want an age of %s to %s",
						test.life, age, test.first, test.last)
				}
				ages[age] = true
				time.Sleep(2 * test.latency)
			})
		}
		if len(ages) < 3 {
			t.Errorf("expires_in %s: tokens were renewed at the ages %v, want 3 different ages or more",
				test.life, ages)
		}
	}
}

// ageAtRenewal gets the token from its source once per step, until the token is renewed
// or has reached the age last. It returns the age of the token when the renewal started.
func ageAtRenewal(
	t *testing.T, server *tokenServer, random fixedRandom, step, last time.Duration,
) (age time.Duration) {
	t.Helper()
	source := server.client(t, upvest.WithRandom(random)).TokenSource()
	received := time.Now().Add(server.delay)
	if _, err := source.Token(); err != nil {
		t.Fatal(err)
	}
	for len(server.fetches) == 1 && age < last {
		age = time.Since(received)
		if _, err := source.Token(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(step)
		synctest.Wait() // for the token request in the background
	}
	return age
}

func TestTokenWithoutALifetimeIsNotRenewed(t *testing.T) {
	for _, life := range []string{`"soon"`, "{}", "-1", "null", "0"} {
		synctest.Test(t, func(t *testing.T) {
			server := &tokenServer{life: life}
			source := server.client(t).TokenSource()
			for range 2 {
				if _, err := source.Token(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(1000 * time.Hour)
			}
			if len(server.fetches) != 1 {
				t.Errorf("expires_in %s: got %d token requests, want one", life, len(server.fetches))
			}
		})
	}
}

func TestTokenStaysInUseWhileRenewalsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{life: "1000"}
		client := server.client(t, upvest.WithoutRetry())
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(990 * time.Second)
		server.valid = "token-1"
		server.steps = slices.Repeat([]roundTrip{problem(503)}, 1000)
		for range 90 {
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatalf("got the error %v while the token was still valid, want success", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if tries := len(server.fetches) - 1; tries < 2 || tries > 8 {
			t.Errorf("the client tried to renew the token %d times in 90 calls, want 2 to 8 times", tries)
		}
		time.Sleep(2 * time.Second)
		if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrServiceUnavailable) {
			t.Errorf("after the token expired, got the error %v, want the 503 of the token endpoint", err)
		}
	})
}

// While a token is valid, calls do not wait for its renewal, even if the token endpoint
// is slow or fails.
func TestRenewalDelaysNoCall(t *testing.T) {
	const (
		life   = 1800 * time.Second
		margin = 300 * time.Second
	)
	for name, test := range map[string]struct {
		delay time.Duration // the latency of the token endpoint
		// how long the token endpoint responds with step once the renewal is due
		trouble time.Duration
		step    roundTrip
	}{
		"hanging":     {trouble: 2 * time.Minute, step: hang},
		"slow":        {delay: 1200 * time.Millisecond},
		"unavailable": {trouble: 4 * time.Minute, step: problem(503, "Retry-After", "2")},
		"refusing":    {trouble: 4 * time.Minute, step: problem(401)},
		"asking for a long wait": {
			trouble: 4 * time.Minute,
			step:    problem(503, "Retry-After", "3600"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{}
				client := server.client(t)
				started := time.Now()
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				time.Sleep(life - margin)
				server.delay = test.delay
				for time.Since(started) < life+margin {
					server.steps = nil
					if time.Since(started) < life-margin+test.trouble {
						server.steps = []roundTrip{test.step}
					}
					before := time.Now()
					if err := retrieve(t.Context(), client); err != nil || time.Since(before) != 0 {
						t.Fatalf("%s after the start, a call took %s and returned %v, want success at once",
							time.Since(started), time.Since(before), err)
					}
					time.Sleep(time.Second)
					synctest.Wait()
				}
				if len(server.fetches) > 200 || len(server.fetches) < 2 {
					t.Errorf("got %d token requests, want 2 to 200", len(server.fetches))
				}
			})
		})
	}
}

// WithTimeout limits a call, but not the token renewal that the call starts in the
// background.
func TestTimeoutDoesNotLimitARenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{}
		client := server.client(t, upvest.WithTimeout(time.Second), upvest.WithoutRetry())
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1700 * time.Second)
		server.delay = 5 * time.Second
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		server.revokeFor("token-2")
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		server.requireCounts(t, 2, 3)
	})
}

// A token with a lifetime below one second expires. Such a lifetime does not count as
// unknown.
func TestTokenWithALifetimeBelowOneSecond(t *testing.T) {
	for _, life := range []string{"0.5", "1e-300"} {
		synctest.Test(t, func(t *testing.T) {
			server := &tokenServer{life: life}
			client := server.client(t)
			requireAtOnce(t, client)
			time.Sleep(time.Second)
			requireAtOnce(t, client)
			if len(server.fetches) != 2 {
				t.Errorf("expires_in %s: got %d token requests, want 2", life, len(server.fetches))
			}
		})
	}
}

// The client limits the lifetime of a token to 100 years, so that the lifetime cannot
// overflow [time.Duration].
func TestTokenWithAHugeLifetime(t *testing.T) {
	// 18446744074 s is slightly more than 2^64 ns.
	for _, life := range []string{"1e10", "18446744074", "1e300"} {
		synctest.Test(t, func(t *testing.T) {
			server := &tokenServer{life: life}
			source := server.client(t).TokenSource()
			const year = 365 * 24 * time.Hour
			for range 10 {
				token, err := source.Token()
				if err != nil {
					t.Fatal(err)
				}
				if left := time.Until(token.Expiry); left < 80*year {
					t.Errorf("expires_in %s: the token expires in %s, want 80 years or more", life, left)
				}
				time.Sleep(year)
			}
			if len(server.fetches) != 1 {
				t.Errorf("expires_in %s: got %d token requests in 10 years, want one",
					life, len(server.fetches))
			}
		})
	}
}

// If the server revokes the token while a renewal is in progress, the renewal may return
// a token that is revoked too. The token from the renewal must not replace the token that
// the client requested after the refusal.
func TestRenewalThatStartedBeforeARevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renewed := slow(10*time.Second, success(grantBody("token-2", "1800")))
		server := &tokenServer{}
		client := server.client(t)
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1700 * time.Second)
		server.steps = []roundTrip{renewed}
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		server.revokeFor("token-3")
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		server.requireCounts(t, 3, 4)
		time.Sleep(20 * time.Second) // token-2 arrives
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		server.requireCounts(t, 3, 5)
	})
}

// A transport may return late from a cancelled token request. The next call does not wait
// until the transport returns.
func TestCancelledTokenRequestThatEndsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stubborn := func(req *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			return nil, req.Context().Err()
		}
		server := &tokenServer{steps: []roundTrip{stubborn}}
		client := server.client(t)
		err := retrieve(t.Context(), client, upvest.WithTimeout(time.Second))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got the error %v, want context.DeadlineExceeded", err)
		}
		start := time.Now()
		if err := retrieve(t.Context(), client); err != nil || time.Since(start) != 0 {
			t.Errorf("the next call took %s and returned the error %v, want success at once",
				time.Since(start), err)
		}
		server.requireCounts(t, 2, 1)
		time.Sleep(2 * time.Minute) // until the first request has ended
	})
}
