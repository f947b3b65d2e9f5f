package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// statuses answers with an order that has one status after the other.
func statuses(texts ...string) *script {
	s := &script{}
	for _, text := range texts {
		s.steps = append(s.steps, success(fmt.Sprintf(`{"id": %q, "status": %q}`, someOrder, text)))
	}
	return s
}

func TestWaitUntilTheEnd(t *testing.T) {
	for _, end := range []string{"FILLED", "SETTLED", "CANCELLED"} {
		synctest.Test(t, func(t *testing.T) {
			server := statuses("NEW", "SUBMITTED", "PROCESSING", "SOMETHING_NEW", "", "filled", end, "NEW")
			order, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, nil)
			if err != nil || string(order.Status) != end || len(server.requests) != 7 {
				t.Errorf("order %v, %v after %d looks, want %s after 7", order, err, len(server.requests), end)
			}
		})
	}
}

func TestWaitGrowsWithJitter(t *testing.T) {
	second := time.Second
	pauses := []time.Duration{second, second * 3 / 2, second * 9 / 4, second * 27 / 8}
	for random, share := range map[uint64]func(pause time.Duration) time.Duration{
		0: func(pause time.Duration) time.Duration { return pause / 2 },
		// Modulo (pause/2 + 1 ns), as for the waits between attempts.
		uint64(second / 2): func(pause time.Duration) time.Duration { return pause/2 + second/2%(pause/2+1) },
	} {
		synctest.Test(t, func(t *testing.T) {
			server := statuses("NEW", "NEW", "NEW", "NEW", "FILLED")
			if _, err := newTestClient(t, server.serve, upvest.WithRandom(fixedRandom(random))).Orders.Wait(t.Context(), someOrder,
				nil); err != nil {
				t.Fatal(err)
			}
			for i, wait := range server.waits() {
				if wait != share(pauses[i]) {
					t.Errorf("wait %d = %s, want %s", i+1, wait, share(pauses[i]))
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		server := statuses("NEW")
		_, _ = newTestClient(t, server.serve).Orders.Wait(ctx, someOrder, nil)
		seen := map[time.Duration]bool{}
		for _, wait := range server.waits()[10:] {
			if seen[wait] = true; wait < 15*time.Second || wait > 30*time.Second {
				t.Errorf("wait = %s, want 15 to 30 s", wait)
			}
		}
		if len(seen) < 50 {
			t.Errorf("%d different waits in an hour", len(seen))
		}
	})
}

func TestWaitForAConditionOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := statuses("NEW", "CANCELLED", "PROCESSING")
		var seen []portfolios.OrderStatus
		order, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, func(order *portfolios.Order) bool {
			seen = append(seen, order.Status)
			return order.Status == portfolios.OrderStatusPROCESSING
		})
		if err != nil || order.Status != portfolios.OrderStatusPROCESSING || len(seen) != 3 {
			t.Errorf("order %v, %v, seen %v", order, err, seen)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		order, err := newTestClient(t, statuses("NEW", "PROCESSING").serve).Orders.Wait(ctx, someOrder, nil)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) >= 10*time.Second || !strings.Contains(err.Error(), "would outlast") {
			t.Errorf("error = %v after %s, want that the next wait was not begun", err, time.Since(start))
		}
		if order == nil || order.Status != portfolios.OrderStatusPROCESSING || !strings.Contains(err.Error(), "PROCESSING") {
			t.Errorf("order = %v, %v, want the last that was seen", order, err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // while an order is being retrieved
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		server := statuses("NEW", "")
		server.steps[1] = hangs
		order, err := newTestClient(t, server.serve).Orders.Wait(ctx, someOrder, nil)
		if !errors.Is(err, context.DeadlineExceeded) || order == nil || order.Status != portfolios.OrderStatusNEW {
			t.Errorf("order = %v, %v, want the last that was seen", order, err)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if order, err := newTestClient(t, statuses("NEW").serve).Orders.Wait(ctx, someOrder, nil); !errors.Is(err, context.Canceled) ||
		order != nil {
		t.Errorf("order = %v, %v, want none", order, err)
	}
}

func TestWaitFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := statuses("NEW", "")
		server.steps[1] = problem(404)
		order, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, nil)
		if !errors.Is(err, upvest.ErrNotFound) || order == nil || order.Status != portfolios.OrderStatusNEW {
			t.Errorf("order = %v, %v, want the last that was seen and 404", order, err)
		}
	})
	synctest.Test(t, func(t *testing.T) { // what passes is waited out
		server := statuses("NEW", "", "", "FILLED")
		server.steps[1] = problem(503)
		server.steps[2] = failing(http.ErrServerClosed)
		if order, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, nil); err != nil || !upvest.IsDone(order) {
			t.Errorf("order = %v, %v", order, err)
		}
	})
	if _, err := newTestClient(t, nil).Orders.Wait(t.Context(), uuid.Nil, nil); err == nil {
		t.Error("the zero UUID was waited for")
	}
}

// An order that was just placed may be unknown for a while, and only for that.
func TestWaitForAnOrderToAppear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := statuses("", "", "NEW", "FILLED")
		server.steps[0] = problem(404)
		server.steps[1] = problem(404)
		if order, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, nil); err != nil || !upvest.IsDone(order) {
			t.Errorf("order = %v, %v", order, err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: scripted(problem(404))}
		start := time.Now()
		order, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, nil)
		if !errors.Is(err, upvest.ErrNotFound) || order != nil || time.Since(start) < 10*time.Second || time.Since(start) > 20*time.Second {
			t.Errorf("order = %v, %v after %s, want 404 after some 10 s", order, err, time.Since(start))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/4)
		defer cancel()
		_, err := newTestClient(t, (&script{steps: scripted(problem(404))}).serve).Orders.Wait(ctx, someOrder, nil)
		if !errors.Is(err, upvest.ErrNotFound) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not there yet") {
			t.Errorf("%v, want both the 404 and the end of the context", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		server := &script{steps: scripted(problem(403))}
		if _, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, nil); !errors.Is(err, upvest.ErrForbidden) || len(server.requests) != 1 {
			t.Errorf("%v after %d requests, want 403 after one", err, len(server.requests))
		}
	})
}

func TestWaitTakesCallOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := statuses("FILLED")
		server.steps[0] = problem(503)
		if _, err := newTestClient(t, server.serve).Orders.Wait(t.Context(), someOrder, nil, upvest.WithoutRetry()); err == nil ||
			len(server.requests) != 1 {
			t.Errorf("%v after %d requests, want one", err, len(server.requests))
		}
	})
}
