package wrapper_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// A client starts with a budget of 100 retries. Five successful calls add one retry to
// the budget, and so does each second.
func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503))
		client := newTestClient(t, server.serve,
			upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
		requireCall := func(wantAttempts int, wantErrBudget bool) {
			t.Helper()
			server.restart(server.steps...)
			err := retrieve(t.Context(), client)
			server.requireRequests(t, wantAttempts)
			isSpent := errors.Is(err, upvest.ErrRetryBudget)
			if isSpent != wantErrBudget {
				t.Fatalf("errors.Is(err, ErrRetryBudget) is %t, want %t: %v", isSpent, wantErrBudget, err)
			}
			if isSpent && !errors.Is(err, upvest.ErrServiceUnavailable) {
				t.Errorf("got the error %v, want it to match ErrServiceUnavailable as well", err)
			}
			if isSpent {
				requireText(t, err, "the client gave up")
			}
		}
		for range 33 { // each call uses 3 of the 100 retries
			requireCall(4, false)
		}
		requireCall(2, true)
		requireCall(1, true)

		server.steps = []roundTrip{success(orderBody)}
		for range 5 {
			requireCall(1, false)
		}
		server.steps = []roundTrip{problem(503)}
		requireCall(2, true) // five successes add one retry
		time.Sleep(2 * time.Second)
		requireCall(3, true) // each second adds one retry
	})
}

func TestCallsWithoutRetryNeedNoRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, problem(503), upvest.WithoutRetry())
		for range 200 {
			if err := retrieve(t.Context(), client); errors.Is(err, upvest.ErrRetryBudget) {
				t.Fatalf("got the error %v, want an error that does not match ErrRetryBudget", err)
			}
		}
	})
}

// A repetition after a 401 takes nothing from the retry budget.
func TestRepeatAfterUnauthorizedUsesNoRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(401))
		client := newTestClient(t, server.serve,
			upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
		for range 300 {
			err := retrieve(t.Context(), client)
			if !errors.Is(err, upvest.ErrUnauthorized) || len(asError(t, err).Attempts) != 2 {
				t.Fatalf("got the error %v, want ErrUnauthorized after two attempts", err)
			}
		}
		server.steps = []roundTrip{problem(503)}
		if err := retrieve(t.Context(), client); errors.Is(err, upvest.ErrRetryBudget) {
			t.Errorf("got the error %v, want an error that does not match ErrRetryBudget", err)
		}
	})
}

// If a token is revoked, all calls that use this token are repeated with a new token,
// even if the retry budget is spent.
func TestRevokedTokenUsesNoRetryBudget(t *testing.T) {
	for name, outage := range map[string]int{"full budget": 0, "spent budget": 60} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{respond: problem(503)}
				client := server.client(t, upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
				for range outage {
					if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrServiceUnavailable) {
						t.Fatal(err)
					}
				}
				server.respond = success(orderBody)
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				fetches := len(server.fetches)
				server.delay = time.Second
				server.revokeFor(fmt.Sprintf("token-%d", fetches+1))
				retrieveAtOnce(t, client, 150)
				if got := len(server.fetches) - fetches; got != 1 {
					t.Errorf("got %d token requests for one revocation, want one", got)
				}
			})
		})
	}
}

// spendBudget makes failing calls until the retry budget of the client is spent.
func spendBudget(t *testing.T, client *upvest.Client) {
	t.Helper()
	for range 50 {
		if err := retrieve(t.Context(), client); errors.Is(err, upvest.ErrRetryBudget) {
			return
		}
	}
	t.Fatal("50 failed calls did not spend the retry budget, want it spent")
}

// If a wait before a retry would outlast the deadline, the client does not begin the
// wait, and takes nothing from the retry budget.
func TestAWaitBeyondTheDeadlineUsesNoRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503, "Retry-After", "20"))
		client := newTestClient(t, server.serve)
		for range 150 {
			if err := retrieve(t.Context(), client, upvest.WithTimeout(time.Second)); err == nil {
				t.Fatal("a call succeeded, want an error")
			}
		}
		server.restart(problem(503))
		if err := retrieve(t.Context(), client); errors.Is(err, upvest.ErrRetryBudget) {
			t.Errorf("got the error %v, want an error that does not match ErrRetryBudget", err)
		}
		server.requireRequests(t, 4)
	})
}

// Each second adds one retry to the budget, regardless of the rate of calls.
func TestRetryBudgetGrowsWithTime(t *testing.T) {
	for _, interval := range []time.Duration{500 * time.Millisecond, 1900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			server := scripted(problem(503))
			client := newTestClient(t, server.serve,
				upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
			spendBudget(t, client)
			server.restart(problem(503))
			const calls = 40
			start := time.Now()
			for range calls {
				time.Sleep(interval)
				_ = retrieve(t.Context(), client)
			}
			retries := len(server.requests) - calls
			seconds := int(time.Since(start).Seconds())
			if retries < seconds-5 || retries > seconds {
				t.Errorf("with a call every %s, got %d retries in %d s, want about one per second",
					interval, retries, seconds)
			}
		})
	}
}

// After a pause, a retry budget that was spent contains one retry for each second of the
// pause, up to a hundred.
func TestRetryBudgetAfterAPause(t *testing.T) {
	for pause, want := range map[time.Duration]int{
		time.Second:             1,
		1999 * time.Millisecond: 1,
		time.Minute:             60,
		99 * time.Second:        99,
		101 * time.Second:       100,
		time.Hour:               100,
	} {
		synctest.Test(t, func(t *testing.T) {
			server := scripted(problem(503))
			client := newTestClient(t, server.serve,
				upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 1000, BaseDelay: 1, MaxDelay: 1}))
			_ = retrieve(t.Context(), client)
			time.Sleep(pause)
			server.restart(problem(503))
			err := retrieve(t.Context(), client)
			retries := len(server.requests) - 1
			if retries != want || !errors.Is(err, upvest.ErrRetryBudget) {
				t.Errorf("after a pause of %s, got %d retries and the error %v, want %d and ErrRetryBudget",
					pause, retries, err, want)
			}
		})
	}
}

// A clock that is set back neither adds retries to the budget nor removes any.
func TestRetryBudgetWithAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503))
		var offset time.Duration
		client := newTestClient(t, server.serve,
			upvest.WithClock(func() time.Time { return time.Now().Add(offset) }),
			upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
		spendBudget(t, client)
		server.restart(problem(503))
		offset = -time.Hour
		_ = retrieve(t.Context(), client)
		server.requireRequests(t, 1)
		time.Sleep(2 * time.Second)
		server.restart(problem(503))
		_ = retrieve(t.Context(), client)
		server.requireRequests(t, 3)
	})
}
