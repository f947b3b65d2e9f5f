package wrapper_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestRetriedFailures(t *testing.T) {
	retried := map[string]roundTrip{
		"network failure":              failing(errors.New("some network failure")),
		"connection reset":             failing(io.ErrUnexpectedEOF),
		"truncated body":               cutOff,
		"JSON cut off before a value":  success(`{"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c", "status": `),
		"JSON cut off inside a string": success(`{"id": "eb5ba93f-5dfe-4bf1-8`),
		"attempt timed out":            hang,
	}
	for _, status := range []int{
		408, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530,
	} {
		retried[fmt.Sprint(status)] = problem(status)
	}
	notRetried := map[string]roundTrip{
		"HTML":                                success("<html></html>"),
		"an empty body":                       success(""),
		"only spaces":                         success(" \n"),
		"null":                                success("null"),
		"an object without documented fields": success(`{"name": "x"}`),
		"a list of numbers":                   success(`[1, 2]`),
		"plain text":                          success("OK"),
	}
	for _, status := range []int{
		300, 304, 307, 400, 402, 403, 404, 405, 406, 409, 410, 418, 422, 426, 428, 451, 499,
		501, 505, 519, 527, 529, 531, 599,
	} {
		notRetried[fmt.Sprint(status)] = problem(status)
	}
	for _, operation := range everyOperation() {
		for name, step := range retried {
			t.Run(operation.id+"/"+name, func(t *testing.T) { requireAttempts(t, operation, step, 4) })
		}
		for name, step := range notRetried {
			t.Run(operation.id+"/"+name, func(t *testing.T) { requireAttempts(t, operation, step, 1) })
		}
	}
}

// requireAttempts checks how many attempts a call makes if step is the result of every
// attempt.
func requireAttempts(t *testing.T, operation operationCase, step roundTrip, want int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := scripted(step)
		_, err := operation.call(t.Context(), newTestClient(t, server.serve))
		server.requireRequests(t, want)
		if err == nil {
			if operation.id != "cancel_portfolios_order" {
				t.Error("the call succeeded, want an error")
			}
			return
		}
		if failure := asError(t, err); len(failure.Attempts) != want {
			t.Errorf("the error lists %d attempts, want %d: %v", len(failure.Attempts), want, err)
		}
	})
}

func TestRetriesSucceed(t *testing.T) {
	for _, operation := range everyOperation() {
		t.Run(operation.id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(problem(503), failing(io.EOF), cutOff, success(operation.success))
				if _, err := operation.call(t.Context(), newTestClient(t, server.serve)); err != nil {
					t.Error(err)
				}
				server.requireRequests(t, 4)
			})
		})
	}
}

// Each wait is a uniformly distributed random time between 0 and a bound. The bound
// doubles with each wait, up to MaxDelay. The client reads 8 random bytes as a number x,
// and waits for x modulo (bound + 1 ns).
func TestWaitsHaveFullJitter(t *testing.T) {
	for name, test := range map[string]struct {
		random uint64
		want   func(bound time.Duration) time.Duration
	}{
		"random number 0":    {random: 0, want: func(time.Duration) time.Duration { return 0 }},
		"random number 1000": {random: 1000, want: func(time.Duration) time.Duration { return 1000 }},
		"random number of 250 ms": {
			random: uint64(250 * time.Millisecond),
			want: func(bound time.Duration) time.Duration {
				return 250 * time.Millisecond % (bound + 1)
			},
		},
		"random number 2^63": {
			random: 1 << 63,
			want: func(bound time.Duration) time.Duration {
				return time.Duration((1 << 63) % uint64(bound+1))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(problem(500))
				client := newTestClient(t, server.serve,
					upvest.WithRandom(fixedRandom(test.random)),
					upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 8}))
				failure := asError(t, retrieve(t.Context(), client))
				for i, wait := range server.waits() {
					want := test.want(boundOfWait(i))
					if listed := failure.Attempts[i].Wait; wait != want || listed != want {
						t.Errorf("wait %d took %s, and its Attempt.Wait is %s, want %s for both",
							i+1, wait, listed, want)
					}
				}
				server.requireRequests(t, 8)
			})
		})
	}
}

// boundOfWait returns the documented upper bound of the wait with the index i. The first
// wait has the index 0.
func boundOfWait(i int) time.Duration {
	return min(250*time.Millisecond<<i, 8*time.Second)
}

func TestWaitsAreUniformlyDistributed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(500))
		client := newTestClient(t, server.serve, upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 90}))
		_ = retrieve(t.Context(), client)
		var sum time.Duration
		for i, wait := range server.waits() {
			if bound := boundOfWait(min(i, 10)); wait < 0 || wait > bound {
				t.Errorf("wait %d took %s, want 0 to %s", i+1, wait, bound)
			}
			sum += wait
		}
		if mean := sum / 89; mean < 2*time.Second || mean > 6*time.Second {
			t.Errorf("the mean wait is %s, want 2 s to 6 s", mean)
		}
	})
}

// A BaseDelay above the default MaxDelay of 8 s raises MaxDelay.
func TestBaseDelayAboveTheDefaultMaxDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const longest = 20 * time.Second
		server := scripted(problem(500))
		client := newTestClient(t, server.serve,
			upvest.WithRandom(fixedRandom(longest)),
			upvest.WithRetry(upvest.RetryPolicy{BaseDelay: longest}))
		_ = retrieve(t.Context(), client)
		for i, wait := range server.waits() {
			if wait != longest {
				t.Errorf("wait %d took %s, want the BaseDelay of %s", i+1, wait, longest)
			}
		}
		server.requireRequests(t, 4)
	})
}

func TestRetryPolicies(t *testing.T) {
	teapots := upvest.RetryPolicy{Retry: func(attempt upvest.Attempt) bool {
		return attempt.Status == http.StatusTeapot
	}}
	for name, test := range map[string]struct {
		step   roundTrip
		client []upvest.ClientOption
		call   []upvest.CallOption
		want   int
	}{
		"a client without retry": {
			step:   problem(503),
			client: []upvest.ClientOption{upvest.WithoutRetry()},
			want:   1,
		},
		"a call without retry": {
			step: problem(503),
			call: []upvest.CallOption{upvest.WithoutRetry()},
			want: 1,
		},
		"the call replaces the client's policy": {
			step:   problem(503),
			client: []upvest.ClientOption{upvest.WithoutRetry()},
			call:   []upvest.CallOption{upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 3})},
			want:   3,
		},
		"a policy that retries only 418, after a 418": {
			step: problem(418),
			call: []upvest.CallOption{upvest.WithRetry(teapots)},
			want: 4,
		},
		"a policy that retries only 418, after a 503": {
			step: problem(503),
			call: []upvest.CallOption{upvest.WithRetry(teapots)},
			want: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := scripted(test.step)
				err := retrieve(t.Context(), newTestClient(t, server.serve, test.client...), test.call...)
				server.requireRequests(t, test.want)
				if failure := asError(t, err); len(failure.Attempts) != test.want {
					t.Errorf("the error lists %d attempts, want %d: %v",
						len(failure.Attempts), test.want, err)
				}
			})
		})
	}
}

func TestRetryPolicyReceivesTheAttempt(t *testing.T) {
	var seen []upvest.Attempt
	policy := upvest.RetryPolicy{Retry: func(attempt upvest.Attempt) bool {
		seen = append(seen, attempt)
		return false
	}}
	_ = retrieve(t.Context(), newTestClient(t, problem(418)), upvest.WithRetry(policy))
	if len(seen) != 1 || seen[0].Operation != "retrieve_portfolios_order" || seen[0].Number != 1 ||
		seen[0].Status != 418 || seen[0].RequestID != "request-418" {
		t.Errorf("RetryPolicy.Retry received the attempts %+v, "+
			"want only the first attempt of retrieve_portfolios_order, with the status 418", seen)
	}
}

// The client does not call RetryPolicy.Retry for an attempt that failed before the client
// tried to send it, because the next attempt would probably fail in the same way.
func TestRetryPolicyIsNotCalledForUnsentAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503))
		client := newTestClient(t, server.serve, upvest.WithTokenSource(staticToken("")))
		always := upvest.RetryPolicy{Retry: func(upvest.Attempt) bool { return true }}
		failure := asError(t, retrieve(t.Context(), client, upvest.WithRetry(always)))
		server.requireRequests(t, 0)
		if len(failure.Attempts) != 1 {
			t.Errorf("the error lists %d attempts, want only the attempt that was not sent: %v",
				len(failure.Attempts), failure)
		}
	})
}
