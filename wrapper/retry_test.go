package wrapper_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// step is what a script answers to one request.
type step func(*http.Request) (*http.Response, error)

// script answers each request with the next step, and those after the last with the last.
// It notes when each came.
type script struct {
	mu       sync.Mutex
	steps    []step
	requests []*http.Request
	bodies   []string
	at       []time.Time
}

func (s *script) serve(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		s.bodies = append(s.bodies, string(body))
	}
	next := s.steps[min(len(s.requests), len(s.steps)-1)]
	s.requests = append(s.requests, req)
	s.at = append(s.at, time.Now())
	s.mu.Unlock()
	return next(req)
}

func (s *script) waits() (waits []time.Duration) {
	for i := 1; i < len(s.at); i++ {
		waits = append(waits, s.at[i].Sub(s.at[i-1]))
	}
	return waits
}

func scripted(steps ...step) []step { return steps }

func problem(status int, header ...string) step {
	return func(*http.Request) (*http.Response, error) {
		body := fmt.Sprintf(`{"type": "some_type", "status": %d, "title": "Some title", "detail": "Some detail"}`, status)
		return answer(status, "application/problem+json", body, append([]string{"upvest-request-id", "request-" + fmt.Sprint(status)},
			header...)...), nil
	}
}

func success(body string) step {
	return func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", body), nil
	}
}

func failing(err error) step {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs until the attempt is over.
func hangs(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// cutOff answers 200 with a body that ends in an error of reading.
func cutOff(*http.Request) (*http.Response, error) {
	resp := answer(http.StatusOK, "application/json", "", "upvest-request-id", "request-200")
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"id": `), errorReader{io.ErrUnexpectedEOF}))
	return resp, nil
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// fixedRandom is a source of randomness that gives the same 8 bytes again and again.
type fixedRandom uint64

func (r fixedRandom) Read(into []byte) (int, error) {
	pattern := binary.BigEndian.AppendUint64(nil, uint64(r))
	for i := range into {
		into[i] = pattern[i%8]
	}
	return len(into), nil
}

// operationNamed is one of [everyOperation].
func operationNamed(t testing.TB, id string) operationCase {
	t.Helper()
	operations := everyOperation()
	i := slices.IndexFunc(operations, func(o operationCase) bool { return o.id == id })
	if i < 0 {
		t.Fatalf("no operation %s", id)
	}
	return operations[i]
}

func asError(t testing.TB, err error) *upvest.Error {
	t.Helper()
	var failure *upvest.Error
	if !errors.As(err, &failure) {
		t.Fatalf("error = %v (%T), want an *Error", err, err)
	}
	return failure
}

func TestWhatIsTriedAgain(t *testing.T) {
	again := map[string]step{
		"network failure":          failing(errors.New("some network failure")),
		"connection reset":         failing(io.ErrUnexpectedEOF),
		"body cut off":             cutOff,
		"JSON that just ends":      success(`{"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c", "status": `),
		"JSON that ends in a text": success(`{"id": "eb5ba93f-5dfe-4bf1-8`),
		"attempt timed out":        hangs,
	}
	for _, status := range []int{408, 429, 500, 502, 503, 504} {
		again[fmt.Sprint(status)] = problem(status)
	}
	once := map[string]step{
		"HTML":               success("<html></html>"),
		"empty":              success(""),
		"blank":              success(" \n"),
		"null":               success("null"),
		"not the resource":   success(`{"name": "x"}`),
		"wrong type":         success(`[1, 2]`),
		"status 200 as text": success("OK"),
	}
	for _, status := range []int{300, 304, 307, 400, 402, 403, 404, 405, 406, 409, 410, 418, 422, 426, 428, 451, 499, 501, 505, 520, 599} {
		once[fmt.Sprint(status)] = problem(status)
	}
	for _, operation := range everyOperation() {
		for name, step := range again {
			checkAttempts(t, operation, name, step, 4)
		}
		for name, step := range once {
			checkAttempts(t, operation, name, step, 1)
		}
	}
}

func checkAttempts(t *testing.T, operation operationCase, name string, step step, want int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		script := script{steps: scripted(step)}
		_, err := operation.call(t.Context(), newTestClient(t, script.serve))
		if len(script.requests) != want {
			t.Errorf("%s, %s: %d attempts, want %d: %v", operation.id, name, len(script.requests), want, err)
		}
		if err == nil {
			if operation.id != "cancel_portfolios_order" {
				t.Errorf("%s, %s: no error", operation.id, name)
			}
			return
		}
		if failure := asError(t, err); len(failure.Attempts) != want {
			t.Errorf("%s, %s: the error lists %d attempts, want %d", operation.id, name, len(failure.Attempts), want)
		}
	})
}

func TestRetriesSucceed(t *testing.T) {
	for _, operation := range everyOperation() {
		synctest.Test(t, func(t *testing.T) {
			script := &script{steps: []step{problem(503), failing(io.EOF), cutOff, success(operation.success)}}
			if _, err := operation.call(t.Context(), newTestClient(t, script.serve)); err != nil {
				t.Errorf("%s: %v", operation.id, err)
			}
			if len(script.requests) != 4 {
				t.Errorf("%s: %d attempts, want 4", operation.id, len(script.requests))
			}
		})
	}
}

var signatureParameters = regexp.MustCompile(`;created=(\d+);expires=(\d+);nonce="([^"]+)"`)

// Each attempt is signed afresh, and all attempts of a POST or PATCH carry one key, which
// the next call does not.
func TestEveryAttemptIsMadeAfresh(t *testing.T) {
	for _, operation := range everyOperation() {
		synctest.Test(t, func(t *testing.T) {
			script := &script{steps: []step{problem(503, "Retry-After", "1")}}
			client := newTestClient(t, script.serve)
			var callKeys []string
			for range 2 {
				script.requests = nil
				script.bodies = nil
				_, err := operation.call(t.Context(), client)
				failure := asError(t, err)
				seen := map[string]bool{}
				keys := map[string]bool{}
				for _, req := range script.requests {
					parameters := signatureParameters.FindStringSubmatch(req.Header.Get("signature-input"))
					if parameters == nil {
						t.Fatalf("signature-input = %s", req.Header.Get("signature-input"))
					}
					for _, value := range []string{
						"created " + parameters[1], "expires " + parameters[2], "nonce " + parameters[3],
						req.Header.Get("signature"),
					} {
						if seen[value] {
							t.Errorf("%s: %s comes twice", operation.id, value)
						}
						seen[value] = true
					}
					if req.GetBody != nil {
						t.Errorf("%s: net/http may repeat the request by itself", operation.id)
					}
					keys[req.Header.Get("idempotency-key")] = true
				}
				if len(script.requests) != 4 || len(keys) != 1 {
					t.Fatalf("%s: %d attempts with %d keys, want 4 with one", operation.id, len(script.requests), len(keys))
				}
				for _, body := range script.bodies {
					if body != script.bodies[0] || body == "" {
						t.Errorf("%s: the bodies differ: %q", operation.id, script.bodies)
					}
				}
				key := script.requests[0].Header.Get("idempotency-key")
				if keyed := operation.method == http.MethodPost || operation.method == http.MethodPatch; keyed != (key != "") {
					t.Errorf("%s: idempotency key %q on a %s", operation.id, key, operation.method)
				}
				if key != "" && failure.IdempotencyKey.String() != key || key == "" && failure.IdempotencyKey != uuid.Nil {
					t.Errorf("%s: the error has the key %s, sent was %q", operation.id, failure.IdempotencyKey, key)
				}
				callKeys = append(callKeys, key)
			}
			if callKeys[0] != "" && callKeys[0] == callKeys[1] {
				t.Errorf("%s: two calls with one key", operation.id)
			}
		})
	}
}

func TestWaitsHaveFullJitter(t *testing.T) {
	millisecond := time.Millisecond
	bounds := []time.Duration{
		250 * millisecond, 500 * millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
		8 * time.Second,
	}
	// With 8 random bytes x, a wait is x modulo (bound + 1 ns).
	for name, test := range map[string]struct {
		random uint64
		want   func(bound time.Duration) time.Duration
	}{
		"least": {random: 0, want: func(time.Duration) time.Duration { return 0 }},
		"small": {random: 1000, want: func(time.Duration) time.Duration { return 1000 }},
		"largest": {
			random: uint64(250 * millisecond),
			want:   func(bound time.Duration) time.Duration { return 250 * millisecond % (bound + 1) },
		},
		"any": {
			random: 1 << 63,
			want:   func(bound time.Duration) time.Duration { return time.Duration((1 << 63) % uint64(bound+1)) },
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			script := &script{steps: []step{problem(500)}}
			client := newTestClient(t, script.serve,
				upvest.WithRandom(fixedRandom(test.random)), upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 8}))
			_, err := client.Orders.Retrieve(t.Context(), someOrder)
			failure := asError(t, err)
			for i, wait := range script.waits() {
				if want := test.want(bounds[i]); wait != want || failure.Attempts[i].Wait != want {
					t.Errorf("%s: wait %d = %s, noted as %s, want %s", name, i+1, wait, failure.Attempts[i].Wait, want)
				}
			}
			if len(script.waits()) != 7 {
				t.Errorf("%s: %d waits, want 7", name, len(script.waits()))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		script := &script{steps: []step{problem(500)}}
		client := newTestClient(t, script.serve, upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 90}))
		_, _ = client.Orders.Retrieve(t.Context(), someOrder)
		var sum time.Duration
		for i, wait := range script.waits() {
			if wait < 0 || wait > bounds[min(i, len(bounds)-1)] {
				t.Errorf("wait %d = %s, above its bound", i+1, wait)
			}
			sum += wait
		}
		if mean := sum / 89; mean < 2*time.Second || mean > 6*time.Second {
			t.Errorf("mean wait = %s, want about 4 s", mean)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	const date = "Sat, 01 Jan 2000 00:00:00 GMT" // also where the clock of synctest starts
	for _, test := range []struct {
		name   string
		header []string
		wait   time.Duration // -1: no retry
	}{
		{name: "none", wait: 0},
		{name: "seconds", header: []string{"Retry-After", "7"}, wait: 7 * time.Second},
		{name: "zero", header: []string{"Retry-After", "0"}, wait: 0},
		{name: "at the cap", header: []string{"Retry-After", "30"}, wait: 30 * time.Second},
		{name: "above the cap", header: []string{"Retry-After", "31"}, wait: -1},
		{name: "far above the cap", header: []string{"Retry-After", "99999999999999999999999"}, wait: -1},
		{
			name:   "date",
			header: []string{"Retry-After", "Sat, 01 Jan 2000 00:00:09 GMT", "Date", date},
			wait:   9 * time.Second,
		},
		{
			name:   "date without the server's",
			header: []string{"Retry-After", "Sat, 01 Jan 2000 00:00:09 GMT"},
			wait:   9 * time.Second,
		},
		{
			name:   "date by another clock",
			header: []string{"Retry-After", "Sun, 05 Mar 2023 10:00:12 GMT", "Date", "Sun, 05 Mar 2023 10:00:00 GMT"},
			wait:   12 * time.Second,
		},
		{
			name:   "date above the cap",
			header: []string{"Retry-After", "Sat, 01 Jan 2000 00:00:31 GMT", "Date", date},
			wait:   -1,
		},
		{
			name:   "date in the past",
			header: []string{"Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT", "Date", date},
			wait:   0,
		},
		{name: "nonsense", header: []string{"Retry-After", "soon"}, wait: 0},
		{name: "negative", header: []string{"Retry-After", "-5"}, wait: 0},
		{name: "fraction", header: []string{"Retry-After", "1.5"}, wait: 0},
	} {
		for _, status := range []int{429, 503} {
			synctest.Test(t, func(t *testing.T) {
				script := &script{steps: []step{problem(status, test.header...), success(orderBody)}}
				client := newTestClient(t, script.serve, upvest.WithRandom(fixedRandom(0)))
				_, err := client.Orders.Retrieve(t.Context(), someOrder)
				if test.wait < 0 {
					if len(script.requests) != 1 || !strings.Contains(fmt.Sprint(err), "more than the retry policy allows") {
						t.Errorf("%s: %d attempts, %v, want one", test.name, len(script.requests), err)
					}
					if failure := asError(t, err); failure.Status != status {
						t.Errorf("%s: status %d, want %d", test.name, failure.Status, status)
					}
					return
				}
				if err != nil || len(script.waits()) != 1 || script.waits()[0] != test.wait {
					t.Errorf("%s: waits %v, %v, want %s", test.name, script.waits(), err, test.wait)
				}
			})
		}
	}
}

func TestRetryAfterIsTheLeastWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := &script{steps: []step{problem(503, "Retry-After", "1"), success(orderBody)}}
		client := newTestClient(t, script.serve, upvest.WithRandom(fixedRandom(3*time.Second)),
			upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 5 * time.Second}))
		if _, err := client.Orders.Retrieve(t.Context(), someOrder); err != nil || script.waits()[0] != 3*time.Second {
			t.Errorf("waits = %v, %v, want the jitter, which is longer", script.waits(), err)
		}
	})
}

func TestContextEnds(t *testing.T) {
	create := operationNamed(t, "create_portfolios_order")
	t.Run("before sending", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for _, warm := range []bool{false, true} {
				script := &script{steps: []step{success(orderBody)}}
				client := newTestClient(t, script.serve)
				if warm {
					if _, err := client.Orders.Retrieve(t.Context(), someOrder); err != nil {
						t.Fatal(err)
					}
					script.requests = nil
				}
				_, err := create.call(ctx, client)
				if !errors.Is(err, context.Canceled) || errors.Is(err, upvest.ErrOutcomeUnknown) || len(script.requests) > 0 {
					t.Errorf("error = %v after %d requests, want context.Canceled and nothing sent", err, len(script.requests))
				}
				if outcome := asError(t, err).Outcome; outcome != upvest.OutcomeRefused {
					t.Errorf("outcome = %q, want refused", outcome)
				}
			}
		})
	})
	t.Run("in flight", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			script := &script{steps: []step{hangs}}
			start := time.Now()
			_, err := create.call(ctx, newTestClient(t, script.serve))
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, upvest.ErrOutcomeUnknown) {
				t.Errorf("error = %v, want the deadline and an unknown outcome", err)
			}
			if len(script.requests) != 1 || time.Since(start) != time.Second {
				t.Errorf("%d attempts in %s, want one in a second", len(script.requests), time.Since(start))
			}
			if strings.Count(err.Error(), context.DeadlineExceeded.Error()) != 1 {
				t.Errorf("error = %v, want the deadline once", err)
			}
		})
	})
	t.Run("while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			script := &script{steps: []step{problem(503, "Retry-After", "20")}}
			start := time.Now()
			_, err := create.call(ctx, newTestClient(t, script.serve))
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, upvest.ErrServiceUnavailable) ||
				!errors.Is(err, upvest.ErrOutcomeUnknown) {
				t.Errorf("error = %v, want the deadline, 503 and an unknown outcome", err)
			}
			if len(script.requests) != 1 || time.Since(start) != 0 || !strings.Contains(err.Error(), "would outlast the deadline") {
				t.Errorf("%d attempts in %s, want one at once and the wait not begun: %v", len(script.requests), time.Since(start), err)
			}
			if last := asError(t, err).Attempts[0]; last.Retry != "" || last.Wait != 0 {
				t.Errorf("the last attempt says %q after %s", last.Retry, last.Wait)
			}
		})
	})
	t.Run("cancelled while waiting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			script := &script{steps: []step{problem(503, "Retry-After", "20")}}
			start := time.Now()
			_, err := create.call(ctx, newTestClient(t, script.serve))
			if !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
				t.Errorf("%v after %s, want the cancellation after a second", err, time.Since(start))
			}
			if last := asError(t, err).Attempts[0]; last.Retry != "" || last.Wait != 0 {
				t.Errorf("the last attempt says %q after %s", last.Retry, last.Wait)
			}
		})
	})
	t.Run("in flight, though the server answered", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			script := &script{steps: []step{func(req *http.Request) (*http.Response, error) {
				cancel()
				return problem(503)(req)
			}}}
			_, err := create.call(ctx, newTestClient(t, script.serve))
			if len(script.requests) != 1 || !errors.Is(err, context.Canceled) || !errors.Is(err, upvest.ErrServiceUnavailable) {
				t.Errorf("%d attempts, %v, want one, 503 and context.Canceled", len(script.requests), err)
			}
		})
	})
}

func TestRetryPolicies(t *testing.T) {
	retrieve := operationNamed(t, "retrieve_portfolios_order")
	attempts := func(t *testing.T, step step, client []upvest.ClientOption, call ...upvest.CallOption) (count int, failure *upvest.Error) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			script := script{steps: scripted(step)}
			_, err := retrieve.call(t.Context(), newTestClient(t, script.serve, client...), call...)
			count = len(script.requests)
			failure = asError(t, err)
		})
		return count, failure
	}
	if count, _ := attempts(t, problem(503), []upvest.ClientOption{upvest.WithoutRetry()}); count != 1 {
		t.Errorf("%d attempts without retry, want 1", count)
	}
	if count, _ := attempts(t, problem(503), nil, upvest.WithoutRetry()); count != 1 {
		t.Errorf("%d attempts without retry of the call, want 1", count)
	}
	if count, _ := attempts(t, problem(503), []upvest.ClientOption{upvest.WithoutRetry()},
		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 3})); count != 3 {
		t.Errorf("%d attempts by the policy of the call, want 3", count)
	}
	var seen []upvest.Attempt
	policy := upvest.RetryPolicy{Retry: func(attempt upvest.Attempt) bool {
		seen = append(seen, attempt)
		return attempt.Status == http.StatusTeapot
	}}
	if count, _ := attempts(t, problem(418), nil, upvest.WithRetry(policy)); count != 4 {
		t.Errorf("%d attempts, want 4: the policy says so", count)
	}
	if len(seen) == 0 || seen[0].Operation != "retrieve_portfolios_order" || seen[0].Number != 1 || seen[0].RequestID != "request-418" {
		t.Errorf("the policy saw %+v", seen)
	}
	if count, _ := attempts(t, problem(503), nil, upvest.WithRetry(policy)); count != 1 {
		t.Errorf("%d attempts, want 1: the policy says so", count)
	}
	always := upvest.RetryPolicy{Retry: func(upvest.Attempt) bool { return true }}
	if count, failure := attempts(t, problem(503), []upvest.ClientOption{upvest.WithTokenSource(staticToken(""))},
		upvest.WithRetry(always)); count != 0 || len(failure.Attempts) != 1 {
		t.Errorf("%d of %d attempts sent, want one that is not: a policy is for what was sent", count, len(failure.Attempts))
	}
	count, failure := attempts(t, hangs, nil, upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 2, AttemptTimeout: time.Minute}))
	if count != 2 || failure.Attempts[0].Duration != time.Minute || !errors.Is(failure, context.DeadlineExceeded) {
		t.Errorf("%d attempts, %v after %s, want two of a minute", count, failure, failure.Attempts[0].Duration)
	}
}

// The time-out of an attempt covers the body too.
func TestAttemptTimeoutCoversTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := &script{steps: []step{
			func(req *http.Request) (*http.Response, error) {
				resp := answer(http.StatusOK, "application/json", "")
				body, writer := io.Pipe()
				resp.Body = body
				context.AfterFunc(req.Context(), func() { _ = writer.CloseWithError(req.Context().Err()) })
				return resp, nil
			},
			success(orderBody),
		}}
		start := time.Now()
		_, err := newTestClient(t, script.serve, upvest.WithRandom(fixedRandom(0))).Orders.Retrieve(t.Context(), someOrder)
		if err != nil || time.Since(start) != 30*time.Second {
			t.Errorf("%v after %s, want success after 30 s", err, time.Since(start))
		}
	})
}

func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := &script{steps: []step{problem(503)}}
		client := newTestClient(t, script.serve, upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
		call := func() (int, error) {
			before := len(script.requests)
			_, err := client.Orders.Retrieve(t.Context(), someOrder)
			return len(script.requests) - before, err
		}
		for range 33 { // three retries each, of a hundred that the budget has
			if attempts, err := call(); attempts != 4 || errors.Is(err, upvest.ErrRetryBudget) {
				t.Fatalf("%d attempts, %v, want 4", attempts, err)
			}
		}
		if attempts, err := call(); attempts != 2 || !errors.Is(err, upvest.ErrRetryBudget) || !errors.Is(err, upvest.ErrServiceUnavailable) {
			t.Errorf("%d attempts, %v, want 2, 503 and ErrRetryBudget", attempts, err)
		}
		attempts, err := call()
		if attempts != 1 || !errors.Is(err, upvest.ErrRetryBudget) || !strings.Contains(err.Error(), "the client gave up") {
			t.Errorf("%d attempts, %v, want 1 and that the client gave up", attempts, err)
		}
		script.steps = []step{success(orderBody)}
		for range 5 {
			if _, err := call(); err != nil {
				t.Fatal(err)
			}
		}
		script.steps = []step{problem(503)}
		if attempts, err := call(); attempts != 2 || !errors.Is(err, upvest.ErrRetryBudget) {
			t.Errorf("%d attempts, %v, want 2: five successes pay for one retry", attempts, err)
		}
		time.Sleep(2 * time.Second)
		if attempts, err := call(); attempts != 3 || !errors.Is(err, upvest.ErrRetryBudget) {
			t.Errorf("%d attempts, %v, want 3: each second pays for one retry", attempts, err)
		}
	})
}

func TestRetryBudgetNeedsNoSuccessForOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := &script{steps: []step{problem(503)}}
		client := newTestClient(t, script.serve, upvest.WithoutRetry())
		for range 200 {
			if _, err := client.Orders.Retrieve(t.Context(), someOrder); errors.Is(err, upvest.ErrRetryBudget) {
				t.Fatalf("%v, though nothing was to be tried again", err)
			}
		}
	})
}

// Over a real connection, an answer that is shorter than it says is tried again.
func TestBodyShorterThanItsLength(t *testing.T) {
	var requests int
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/auth/token") {
			_, _ = io.WriteString(w, `{"access_token": "token", "expires_in": 1800, "token_type": "bearer"}`)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if requests++; requests == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(orderBody)))
			_, _ = io.WriteString(w, orderBody[:50])
			return
		}
		_, _ = io.WriteString(w, orderBody)
	}))
	defer server.Close()
	credentials := testCredentials(t)
	credentials.BaseURL = server.URL
	client, err := upvest.New(credentials, upvest.WithHTTPClient(server.Client()),
		upvest.WithRetry(upvest.RetryPolicy{BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	order, err := client.Orders.Create(t.Context(), someOrderRequest())
	if err != nil || order.ID != someOrder || requests != 2 {
		t.Errorf("order %v, %v after %d requests, want it after 2", order, err, requests)
	}
}

// net/http repeats a GET on its own, nonce included, where a kept-alive connection turns
// out to be dead. A server that saw the nonce before refuses it; the call heals by its
// one repeat, and a read that is carried out twice harms nobody.
func TestReadThatTheTransportRepeats(t *testing.T) {
	var mu sync.Mutex
	nonces := map[string]int{}
	retrievals := 0
	refusals := 0
	dying := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/auth/token") {
			_, _ = io.WriteString(w, `{"access_token": "token", "expires_in": 1800, "token_type": "bearer"}`)
			return
		}
		retrievals++
		nonce := signatureParameters.FindStringSubmatch(r.Header.Get("signature-input"))[3]
		nonces[nonce]++
		switch {
		case retrievals == 2:
			dying = nonce
			panic(http.ErrAbortHandler) // the connection breaks, with the request received
		case nonces[nonce] > 1:
			refusals++
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"type": "unauthorised", "status": 401, "detail": "Signature is incorrect"}`)
		default:
			_, _ = io.WriteString(w, orderBody)
		}
	}))
	defer server.Close()
	credentials := testCredentials(t)
	credentials.BaseURL = server.URL
	client, err := upvest.New(credentials, upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	for range 2 {
		if err := retrieve(t.Context(), client); err != nil {
			t.Error(err)
		}
	}
	if nonces[dying] != 2 || refusals != 1 || retrievals != 4 {
		t.Errorf("%d requests with one nonce, %d refused, %d in all: net/http no longer repeats, or more than once", nonces[dying], refusals, retrievals)
	}
}

// A token that is revoked while the budget is empty is renewed all the same, and so is
// every other that was in flight with it.
func TestRevocationCostsNoBudget(t *testing.T) {
	for name, outage := range map[string]int{"full": 0, "empty": 60} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{}
				client := server.client(t, upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
				server.other = problem(503)
				for range outage {
					if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrServiceUnavailable) {
						t.Fatal(err)
					}
				}
				server.other = func(*http.Request) (*http.Response, error) {
					return answer(http.StatusOK, "application/json", orderBody), nil
				}
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				fetches := len(server.fetches)
				server.good = fmt.Sprintf("token-%d", fetches+1)
				server.delay = time.Second
				var calls sync.WaitGroup
				for range 150 {
					calls.Go(func() {
						if err := retrieve(t.Context(), client); err != nil {
							t.Error(err)
						}
					})
				}
				calls.Wait()
				if len(server.fetches) != fetches+1 {
					t.Errorf("%d tokens were fetched for one revocation", len(server.fetches)-fetches)
				}
			})
		})
	}
}

// A refusal that no fresh token mends is not to double the load either.
func TestUnauthorizedTakesNoBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := &script{steps: []step{problem(401)}}
		client := newTestClient(t, script.serve, upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
		for range 300 {
			if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) || len(asError(t, err).Attempts) != 2 {
				t.Fatalf("%v, want the 401 after two attempts", err)
			}
		}
		script.steps = []step{problem(503)}
		if err := retrieve(t.Context(), client); errors.Is(err, upvest.ErrRetryBudget) {
			t.Errorf("%v, though nothing was tried again", err)
		}
	})
}
