package wrapper_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestTimeoutBoundsTheCall(t *testing.T) {
	for name, test := range map[string]struct {
		client []upvest.ClientOption
		call   []upvest.CallOption
		want   time.Duration
	}{
		"of the client": {
			client: []upvest.ClientOption{upvest.WithTimeout(10 * time.Second)},
			want:   10 * time.Second,
		},
		"of the call": {
			call: []upvest.CallOption{upvest.WithTimeout(10 * time.Second)},
			want: 10 * time.Second,
		},
		"of the call in place of the other": {
			client: []upvest.ClientOption{upvest.WithTimeout(time.Second)},
			call:   []upvest.CallOption{upvest.WithTimeout(10 * time.Second)},
			want:   10 * time.Second,
		},
	} {
		for kind, step := range map[string]step{"in flight": hangs, "while waiting": problem(503, "Retry-After", "20")} {
			synctest.Test(t, func(t *testing.T) {
				script := script{steps: scripted(step)}
				start := time.Now()
				err := retrieve(t.Context(), newTestClient(t, script.serve, test.client...), test.call...)
				want := test.want
				if kind == "while waiting" {
					want = 0 // it would outlast the deadline, so it does not begin
				}
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != want {
					t.Errorf("%s, %s: %v after %s, want the deadline after %s", name, kind, err, time.Since(start), want)
				}
			})
		}
	}
}

func TestTimeoutCoversTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: 20 * time.Second}
		start := time.Now()
		_, err := server.client(t).Orders.Create(t.Context(), someOrderRequest(), upvest.WithTimeout(5*time.Second))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second || asError(t, err).Outcome != upvest.OutcomeRefused {
			t.Errorf("%v after %s, want the deadline after 5 s", err, time.Since(start))
		}
	})
}

func TestTheContextBoundsACallWithALongerTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		script := script{steps: scripted(hangs)}
		start := time.Now()
		if err := retrieve(ctx, newTestClient(t, script.serve), upvest.WithTimeout(time.Hour)); err == nil || time.Since(start) != time.Second {
			t.Errorf("%v after %s, want the deadline of the context", err, time.Since(start))
		}
	})
}

func TestResponseIsTheLastAnswer(t *testing.T) {
	body := `{"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c", "client_reference": "a field that is new"}`
	for _, operation := range everyOperation() {
		synctest.Test(t, func(t *testing.T) {
			success := strings.Replace(operation.success, "{", `{"newer": "field",`, 1)
			script := script{steps: scripted(problem(503), func(*http.Request) (*http.Response, error) {
				return answer(http.StatusAccepted, "application/json", success, "X-New", "value"), nil
			})}
			var response upvest.Response
			if _, err := operation.call(t.Context(), newTestClient(t, script.serve), upvest.WithResponse(&response)); err != nil {
				t.Fatal(err)
			}
			if response.Status != http.StatusAccepted || response.Header.Get("X-New") != "value" || string(response.Body) != success {
				t.Errorf("%s: response = %+v", operation.id, response)
			}
		})
	}
	script := script{steps: scripted(success(body))}
	var first, second upvest.Response
	client := newTestClient(t, script.serve)
	if err := retrieve(t.Context(), client, upvest.WithResponse(&first), upvest.WithResponse(&second)); err != nil ||
		first.Status != 0 || second.Status != 200 {
		t.Errorf("responses = %v and %v, %v, want the second", first, second, err)
	}
	if !strings.Contains(string(second.Body), "client_reference") {
		t.Errorf("body = %s", second.Body)
	}
	script.steps = scripted(problem(404))
	if err := retrieve(t.Context(), client, upvest.WithResponse(&first)); err == nil || first.Status != 404 ||
		!strings.Contains(string(first.Body), "Some detail") {
		t.Errorf("response = %v, %v, want the 404", first, err)
	}
}

func TestRetryPolicyIsChecked(t *testing.T) {
	for name, policy := range map[string]upvest.RetryPolicy{
		"MaxAttempts":    {MaxAttempts: -1},
		"BaseDelay":      {BaseDelay: -1},
		"MaxDelay":       {MaxDelay: -1},
		"MaxRetryAfter":  {MaxRetryAfter: -1},
		"AttemptTimeout": {AttemptTimeout: -1},
		"longer than":    {BaseDelay: 2, MaxDelay: 1},
	} {
		if err := retrieve(t.Context(), newTestClient(t, nil), upvest.WithRetry(policy)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error that names it", name, err)
		}
		if _, err := upvest.New(testCredentials(t), upvest.WithRetry(policy)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: New says %v, want an error that names it", name, err)
		}
	}
}

// The options of a call are of that call alone.
func TestOptionsDoNotOutliveTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		script := script{steps: scripted(problem(503))}
		client := newTestClient(t, script.serve)
		key := uuid.MustParse("12345678-1234-4234-8234-123456789abc")
		_, _ = client.Orders.Create(t.Context(), someOrderRequest(), upvest.WithoutRetry(), upvest.WithIdempotencyKey(key))
		_, _ = client.Orders.Create(t.Context(), someOrderRequest())
		if len(script.requests) != 5 || script.requests[1].Header.Get("idempotency-key") == key.String() {
			t.Errorf("%d requests, want one and four with another key", len(script.requests))
		}
	})
}

// A policy and a time-out count for each page of a list, not for all together.
func TestAllTakesCallOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{rows: ids(50)}
		client := newTestClient(t, slow(time.Second, server.serve))
		rows, err := collect(t, client.Orders.All(t.Context(), ordersParams(0, 10), upvest.WithTimeout(2*time.Second)))
		if err != nil || len(rows) != 50 {
			t.Errorf("%d rows, %v", len(rows), err)
		}
		rows, err = collect(t, client.Orders.All(t.Context(), ordersParams(0, 10), upvest.WithTimeout(time.Second/2)))
		if !errors.Is(err, context.DeadlineExceeded) || len(rows) > 0 {
			t.Errorf("%d rows, %v, want the deadline", len(rows), err)
		}
		script := script{steps: scripted(problem(503))}
		_, err = collect(t, newTestClient(t, script.serve).Orders.All(t.Context(), ordersParams(0, 10), upvest.WithoutRetry()))
		if err == nil || len(script.requests) != 1 {
			t.Errorf("%v after %d requests, want one", err, len(script.requests))
		}
	})
}
