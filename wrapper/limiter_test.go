package wrapper_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestLimiterPacesEveryAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string
		limiter := limiterFunc(func(context.Context) error {
			events = append(events, "wait")
			time.Sleep(time.Minute) // longer than the timeout of an attempt
			return nil
		})
		sent := func(next roundTrip) roundTrip {
			return func(req *http.Request) (*http.Response, error) {
				events = append(events, "send")
				return next(req)
			}
		}
		calls := scripted(sent(problem(503)), sent(success(orderBody)))
		server := &tokenServer{
			steps:   []roundTrip{sent(problem(503)), sent(success(grantBody("token", "3600")))},
			respond: calls.serve,
		}
		if err := retrieve(t.Context(), server.client(t, upvest.WithLimiter(limiter))); err != nil {
			t.Fatal(err)
		}
		// The call waits for the limiter before it fetches a token, since a token could
		// expire during the wait.
		want := []string{"wait", "wait", "send", "wait", "send", "send", "wait", "send"}
		if !slices.Equal(events, want) {
			t.Errorf("the events are %v, want %v", events, want)
		}
	})
}

func TestErrorOfALimiterEndsTheCall(t *testing.T) {
	cause := errors.New("no turn left")
	turns := 0
	limiter := limiterFunc(func(context.Context) error {
		if turns == 0 {
			return cause
		}
		turns--
		return nil
	})
	server := scripted(failing(io.ErrUnexpectedEOF))
	client := newTestClient(t, server.serve,
		upvest.WithLimiter(limiter),
		upvest.WithTokenSource(staticToken("token")),
		upvest.WithRetry(upvest.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))

	err := createOrder(t.Context(), client)
	requireOutcome(t, err, upvest.OutcomeRefused)
	server.requireRequests(t, 0)
	if !errors.Is(err, cause) {
		t.Errorf("got the error %v, want the error of the limiter", err)
	}

	turns = 1 // lets only the first attempt through, which the server may carry out
	err = createOrder(t.Context(), client)
	requireOutcome(t, err, upvest.OutcomeUnknown)
	server.requireRequests(t, 1)
	if !errors.Is(err, cause) {
		t.Errorf("got the error %v, want the error of the limiter", err)
	}
}

func TestLimiterEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		limiter := limiterFunc(func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		client := newTestClient(t, nil,
			upvest.WithTokenSource(staticToken("token")),
			upvest.WithLimiter(limiter))
		err := createOrder(ctx, client)
		requireOutcome(t, err, upvest.OutcomeRefused)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want context.DeadlineExceeded", err)
		}
	})
}
