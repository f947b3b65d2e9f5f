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
	}{
		"timeout of the client": {
			client: []upvest.ClientOption{upvest.WithTimeout(10 * time.Second)},
		},
		"timeout of the call": {
			call: []upvest.CallOption{upvest.WithTimeout(10 * time.Second)},
		},
		"timeout of the call replaces that of the client": {
			client: []upvest.ClientOption{upvest.WithTimeout(time.Second)},
			call:   []upvest.CallOption{upvest.WithTimeout(10 * time.Second)},
		},
	} {
		for kind, bound := range map[string]struct {
			step roundTrip
			want time.Duration
		}{
			"during an attempt": {step: hang, want: 10 * time.Second},
			// A wait of 20 s would end after the deadline, so the call fails immediately.
			"before a wait": {step: problem(503, "Retry-After", "20"), want: 0},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					err := retrieve(t.Context(), newTestClient(t, bound.step, test.client...), test.call...)
					if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != bound.want {
						t.Errorf("got the error %v after %s, want context.DeadlineExceeded after %s",
							err, time.Since(start), bound.want)
					}
				})
			})
		}
	}
}

func TestTimeoutCoversTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: 20 * time.Second}
		start := time.Now()
		err := createOrder(t.Context(), server.client(t), upvest.WithTimeout(5*time.Second))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("got the error %v after %s, want context.DeadlineExceeded after 5 s",
				err, time.Since(start))
		}
		requireOutcome(t, err, upvest.OutcomeRefused)
	})
}

func TestTheContextBoundsACallWithALongerTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := retrieve(ctx, newTestClient(t, hang), upvest.WithTimeout(time.Hour))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got the error %v after %s, want context.DeadlineExceeded after 1 s",
				err, time.Since(start))
		}
	})
}

func TestWithResponseKeepsTheLastResponse(t *testing.T) {
	for _, operation := range everyOperation() {
		t.Run(operation.id, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				body := strings.Replace(operation.success, "{", `{"newer": "field",`, 1)
				server := scripted(problem(503),
					respond(http.StatusAccepted, "application/json", body, "X-New", "value"))
				client := newTestClient(t, server.serve)
				var response upvest.Response
				if _, err := operation.call(t.Context(), client, upvest.WithResponse(&response)); err != nil {
					t.Fatal(err)
				}
				if response.Status != http.StatusAccepted || response.Header.Get("X-New") != "value" ||
					string(response.Body) != body {
					t.Errorf("got the response %+v, want the response to the second attempt", response)
				}
			})
		})
	}
}

func TestWithResponseKeepsAnErrorResponse(t *testing.T) {
	var response upvest.Response
	err := retrieve(t.Context(), newTestClient(t, problem(404)), upvest.WithResponse(&response))
	if err == nil || response.Status != 404 || string(response.Body) != problemBody(404) {
		t.Errorf("got the error %v and the response %d %q, want an error and the complete 404 response",
			err, response.Status, response.Body)
	}
}

func TestTheLastOptionReplacesEarlierOnes(t *testing.T) {
	var first, second upvest.Response
	body := strings.Replace(orderBody, "{", `{"client_reference": "new",`, 1)
	err := retrieve(t.Context(), newTestClient(t, success(body)),
		upvest.WithResponse(&first), upvest.WithResponse(&second))
	if err != nil {
		t.Fatal(err)
	}
	if first.Status != 0 || second.Status != 200 {
		t.Errorf("the two responses have the statuses %d and %d, want 0 and 200", first.Status, second.Status)
	}
	if string(second.Body) != body {
		t.Errorf("the body is %s, want the body that the server sent", second.Body)
	}
}

func TestRetryPolicyIsChecked(t *testing.T) {
	for want, policy := range map[string]upvest.RetryPolicy{
		"MaxAttempts":    {MaxAttempts: -1},
		"BaseDelay":      {BaseDelay: -1},
		"MaxDelay":       {MaxDelay: -1},
		"MaxRetryAfter":  {MaxRetryAfter: -1},
		"AttemptTimeout": {AttemptTimeout: -1},
		"longer than":    {BaseDelay: 2, MaxDelay: 1},
	} {
		requireText(t, retrieve(t.Context(), newTestClient(t, nil), upvest.WithRetry(policy)), want)
		_, err := upvest.New(testCredentials(t), upvest.WithRetry(policy))
		requireText(t, err, want)
	}
}

// The options of a call do not affect the next call.
func TestOptionsDoNotOutliveTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503))
		client := newTestClient(t, server.serve)
		key := uuid.MustParse("12345678-1234-4234-8234-123456789abc")
		_ = createOrder(t.Context(), client, upvest.WithoutRetry(), upvest.WithIdempotencyKey(key))
		_ = createOrder(t.Context(), client)
		if len(server.requests) != 5 {
			t.Fatalf("got %d requests, want 1 for the first call and 4 for the second", len(server.requests))
		}
		if got := server.requests[1].Header.Get("idempotency-key"); got == key.String() {
			t.Errorf("the second call sent the idempotency key %s of the first call, want a new key", got)
		}
	})
}

// A retry policy and a timeout apply to each page of a list, not to all pages together.
func TestAllAppliesCallOptionsToEachPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{rows: ids(50)}
		client := newTestClient(t, slow(time.Second, server.serve))
		rows, err := collectOrders(t, client, ordersParams(0, 10),
			upvest.WithTimeout(2*time.Second))
		if err != nil || len(rows) != 50 {
			t.Errorf("got %d rows and the error %v, want 50 rows and no error", len(rows), err)
		}
		rows, err = collectOrders(t, client, ordersParams(0, 10),
			upvest.WithTimeout(time.Second/2))
		if !errors.Is(err, context.DeadlineExceeded) || len(rows) > 0 {
			t.Errorf("got %d rows and the error %v, want no rows and context.DeadlineExceeded",
				len(rows), err)
		}
		failed := scripted(problem(503))
		client = newTestClient(t, failed.serve)
		_, err = collectOrders(t, client, ordersParams(0, 10), upvest.WithoutRetry())
		if err == nil {
			t.Error("All returned no error, want an error for the 503")
		}
		failed.requireRequests(t, 1)
	})
}
