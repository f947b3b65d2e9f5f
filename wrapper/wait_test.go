package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// statuses returns a server that responds to each request with an order that has the next
// of the given statuses. After the last of them, all orders have this last status.
func statuses(texts ...string) *script {
	server := scripted()
	for _, text := range texts {
		server.steps = append(server.steps, status(text))
	}
	return server
}

// status responds with an order that has the given status.
func status(text string) roundTrip {
	return success(fmt.Sprintf(`{"id": %q, "status": %q}`, someOrder, text))
}

func waitForOrder(
	ctx context.Context, client *upvest.Client, options ...upvest.CallOption,
) (*portfolios.Order, error) {
	return client.Orders.Wait(ctx, someOrder, nil, options...)
}

// requireLastReceived checks that the order that Wait returned has the status of the last
// order that was received.
func requireLastReceived(t *testing.T, order *portfolios.Order, want portfolios.OrderStatus) {
	t.Helper()
	if order == nil || order.Status != want {
		t.Errorf("Wait returned the order %+v, want the last order received, with the status %s", order, want)
	}
}

func TestWaitEndsAtAFinalStatus(t *testing.T) {
	for _, end := range []portfolios.OrderStatus{"FILLED", "SETTLED", "CANCELLED"} {
		synctest.Test(t, func(t *testing.T) {
			server := statuses(
				"NEW", "SUBMITTED", "PROCESSING", "SOMETHING_NEW", "", "filled", string(end), "NEW")
			order, err := waitForOrder(t.Context(), newTestClient(t, server.serve))
			if err != nil {
				t.Fatal(err)
			}
			requireLastReceived(t, order, end)
			server.requireRequests(t, 7)
		})
	}
}

// The pause between retrievals grows by half each time. The client then shortens each
// pause by a random time, which is at most half of the pause.
func TestWaitPausesGrowWithJitter(t *testing.T) {
	second := time.Second
	pauses := []time.Duration{second, second * 3 / 2, second * 9 / 4, second * 27 / 8}
	for random, share := range map[uint64]func(pause time.Duration) time.Duration{
		0: func(pause time.Duration) time.Duration { return pause / 2 },
		// Half of the pause plus the random number modulo (pause/2 + 1 ns), as for the
		// waits between attempts.
		uint64(second / 2): func(pause time.Duration) time.Duration { return pause/2 + second/2%(pause/2+1) },
	} {
		synctest.Test(t, func(t *testing.T) {
			server := statuses("NEW", "NEW", "NEW", "NEW", "FILLED")
			client := newTestClient(t, server.serve, upvest.WithRandom(fixedRandom(random)))
			if _, err := waitForOrder(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			for i, wait := range server.waits() {
				if want := share(pauses[i]); wait != want {
					t.Errorf("pause %d took %s, want %s", i+1, wait, want)
				}
			}
		})
	}
}

func TestWaitRetrievesAtLeastEvery30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		server := statuses("NEW")
		_, _ = waitForOrder(ctx, newTestClient(t, server.serve))
		seen := map[time.Duration]bool{}
		waits := server.waits()
		// the deadline shortens the last pause
		for _, wait := range waits[10 : len(waits)-1] {
			seen[wait] = true
			if wait < 15*time.Second || wait > 30*time.Second {
				t.Errorf("got a pause of %s, want 15 to 30 s", wait)
			}
		}
		if len(seen) < 50 {
			t.Errorf("got %d different pauses in an hour, want at least 50", len(seen))
		}
	})
}

func TestWaitForAConditionOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := newTestClient(t, statuses("NEW", "CANCELLED", "PROCESSING").serve)
		var seen []portfolios.OrderStatus
		order, err := client.Orders.Wait(t.Context(), someOrder, func(order *portfolios.Order) bool {
			seen = append(seen, order.Status)
			return order.Status == portfolios.OrderStatusPROCESSING
		})
		if err != nil {
			t.Fatal(err)
		}
		requireLastReceived(t, order, portfolios.OrderStatusPROCESSING)
		if len(seen) != 3 {
			t.Errorf("the condition received the statuses %v, want NEW, CANCELLED and PROCESSING", seen)
		}
	})
}

func TestWaitEndsBeforeAPauseThatOutlastsTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		order, err := waitForOrder(ctx, newTestClient(t, statuses("NEW", "PROCESSING").serve))
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) >= 10*time.Second {
			t.Errorf("got the error %v after %s, want context.DeadlineExceeded in less than 10 s",
				err, time.Since(start))
		}
		requireText(t, err, "would outlast", "PROCESSING")
		requireLastReceived(t, order, portfolios.OrderStatusPROCESSING)
	})
}

func TestWaitEndsDuringARetrieval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		order, err := waitForOrder(ctx, newTestClient(t, scripted(status("NEW"), hang).serve))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want context.DeadlineExceeded", err)
		}
		requireLastReceived(t, order, portfolios.OrderStatusNEW)
	})
}

func TestWaitWithAContextThatHasAlreadyEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	order, err := waitForOrder(ctx, newTestClient(t, statuses("NEW").serve))
	if !errors.Is(err, context.Canceled) || order != nil {
		t.Errorf("got the order %+v and the error %v, want no order and context.Canceled", order, err)
	}
}

// A 404 ends Wait if an earlier retrieval returned the order.
func TestWaitForAnOrderThatDisappears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(status("NEW"), problem(404), status("FILLED"))
		order, err := waitForOrder(t.Context(), newTestClient(t, server.serve))
		if !errors.Is(err, upvest.ErrNotFound) {
			t.Errorf("got the error %v, want ErrNotFound", err)
		}
		requireLastReceived(t, order, portfolios.OrderStatusNEW)
		server.requireRequests(t, 2)
	})
}

func TestWaitRefusesTheZeroUUID(t *testing.T) {
	_, err := newTestClient(t, nil).Orders.Wait(t.Context(), uuid.Nil, nil)
	requireText(t, err, "the zero UUID")
}

func TestWaitContinuesAfterTransientFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(status("NEW"), problem(503), failing(http.ErrServerClosed), status("FILLED"))
		order, err := waitForOrder(t.Context(), newTestClient(t, server.serve))
		if err != nil {
			t.Fatal(err)
		}
		requireLastReceived(t, order, portfolios.OrderStatusFILLED)
	})
}

// A server may return 404 for a short time after an order was placed, so Wait continues
// after a 404.
func TestWaitForAnOrderToAppear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(404), problem(404), status("NEW"), status("FILLED"))
		order, err := waitForOrder(t.Context(), newTestClient(t, server.serve))
		if err != nil {
			t.Fatal(err)
		}
		requireLastReceived(t, order, portfolios.OrderStatusFILLED)
	})
}

func TestWaitForAnOrderThatNeverAppears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		order, err := waitForOrder(t.Context(), newTestClient(t, problem(404)))
		if !errors.Is(err, upvest.ErrNotFound) || order != nil {
			t.Errorf("got the order %+v and the error %v, want no order and ErrNotFound", order, err)
		}
		if took := time.Since(start); took < 10*time.Second || took > 20*time.Second {
			t.Errorf("Wait took %s, want 10 to 20 s", took)
		}
	})
}

func TestWaitForAnOrderToAppearEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/4)
		defer cancel()
		_, err := waitForOrder(ctx, newTestClient(t, problem(404)))
		if !errors.Is(err, upvest.ErrNotFound) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got the error %v, want it to match ErrNotFound and context.DeadlineExceeded", err)
		}
		requireText(t, err, "not found yet")
	})
}

// Wait tolerates a 404 at first, but ends at once after any other error that is not
// retryable.
func TestWaitEndsAtOnceAfterAnErrorThatIsNotRetryable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(403))
		_, err := waitForOrder(t.Context(), newTestClient(t, server.serve))
		if !errors.Is(err, upvest.ErrForbidden) {
			t.Errorf("got the error %v, want ErrForbidden", err)
		}
		server.requireRequests(t, 1)
	})
}

func TestWaitAppliesCallOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := scripted(problem(503))
		client := newTestClient(t, server.serve)
		if _, err := waitForOrder(t.Context(), client, upvest.WithoutRetry()); err == nil {
			t.Error("Wait returned no error, want the error for the status 503")
		}
		server.requireRequests(t, 1)
	})
}
