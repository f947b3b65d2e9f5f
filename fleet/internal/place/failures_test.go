package place_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

func TestABadRequestIsARefusal(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.fault(sandbox.Fault{Status: http.StatusBadRequest})
		w.must(w.place())
		w.expect(ledger.Refused, 0)
		if item := w.item(january); !strings.Contains(item.Detail, "400") {
			t.Errorf("the ledger does not contain the reason: %q", item.Detail)
		}
	})
}

// TestATemporaryRefusalIsConfirmed covers statuses that a delay at the server can cause.
// Such a refusal counts only if the server repeats it a minute later.
func TestATemporaryRefusalIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 409, 422} {
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: status})
			if later := w.later(); later.Wait < time.Minute {
				t.Errorf("the item is to be placed again in %s, expected a minute or more", later.Wait)
			}
			w.expect(ledger.Open, 0)
			w.advance(time.Minute)
			w.must(w.place())
			w.expect(ledger.Done, 1)
		})
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: status, Count: 3})
			w.postponed()
			w.postponed() // the second refusal comes too early
			w.expect(ledger.Open, 0)
			w.advance(time.Minute)
			w.must(w.place())
			w.expect(ledger.Refused, 0)
		})
	}
}

func TestARefusalAfterAnUnknownOutcomeIsLookedUp(t *testing.T) {
	t.Parallel()
	for _, acted := range []bool{false, true} {
		each(t, func(w *world) {
			w.unknown(acted)
			w.fault(sandbox.Fault{Status: http.StatusBadRequest})
			if later := w.later(); later.Wait < 2*time.Minute {
				t.Errorf("the lookup is due in %s, but until then an attempt can still act", later.Wait)
			}
			w.postponed()
			w.advance(3 * time.Minute)
			w.must(w.place())
			if acted {
				w.expect(ledger.Found, 1)
			} else {
				w.expect(ledger.Refused, 0)
			}
		})
	}
}

func TestStatusesWithOtherCausesDoNotRefuseALine(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 426, 429} {
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: status, Count: 2})
			w.postponed()
			if item := w.item(january); item.Outcome != ledger.Open || item.Unsure != 0 ||
				!item.Since.IsZero() {
				t.Errorf("the ledger counts an attempt that did not act: %+v", item)
			}
			w.sandbox.ClearFaults()
			w.must(w.place())
			w.expect(ledger.Done, 1)
		})
	}
}

// TestAGatewayRefusesNothing lets a gateway respond instead of the API. Its error pages
// are not refusals.
func TestAGatewayRefusesNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 404, 422, 429, 503} {
		each(t, func(w *world) {
			w.fault(html(status))
			w.postponed()
			w.expect(ledger.Open, 0)
			w.must(w.place())
			w.expect(ledger.Done, 1)
		})
	}
}

// TestARunIsHeldWhileNothingSucceeds lets 20 attempts in a row fail, and then a probe
// succeed.
func TestARunIsHeldWhileNothingSucceeds(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		fault := html(http.StatusNotFound)
		fault.Count = -1
		w.fault(fault)
		for range 20 {
			if held := w.run(january).Held; held != "" {
				t.Fatalf("the run was held too early: %s", held)
			}
			w.postponed()
		}
		if held := w.run(january).Held; !strings.Contains(held, "404") {
			t.Errorf("the reason for holding the run is %q, expected it to contain 404", held)
		}
		before, _ := w.sandbox.Requests() // without a filter there is no error
		w.postponed()
		after, _ := w.sandbox.Requests()
		if len(after) != len(before) {
			t.Errorf("the worker sent %d requests while the run was held", len(after)-len(before))
		}
		if w.probe() {
			t.Error("the run was resumed although the probe failed")
		}
		w.sandbox.ClearFaults()
		if !w.probe() || w.run(january).Held != "" {
			t.Error("the run was not resumed although the probe succeeded")
		}
		w.expect(ledger.Done, 1)
	})
}

// TestAForbiddenLineIsReviewed lets one line get 403. The line goes to review only if
// other lines of the run succeed.
func TestAForbiddenLineIsReviewed(t *testing.T) {
	t.Parallel()
	for _, othersSucceed := range []bool{false, true} {
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: http.StatusForbidden, Count: 10})
			for range 4 {
				if othersSucceed {
					w.gauge.Succeed(w.run(january).ID)
				}
				w.postponed()
			}
			if othersSucceed {
				w.gauge.Succeed(w.run(january).ID)
				w.must(w.place())
				w.expect(ledger.Review, 0)
			} else {
				w.postponed()
				w.expect(ledger.Open, 0)
			}
		})
	}
}

// TestALaterAttemptDecides records the refusal of an attempt after another worker has
// begun a later attempt. The refusal must not decide the item.
func TestALaterAttemptDecides(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(false)
		stale := w.item(january)
		w.unknown(true)
		w.must(w.ledger().Finish(t.Context(), stale, ledger.End{Outcome: ledger.Refused}))
		w.expect(ledger.Open, 1)
		w.must(w.place())
		w.expect(ledger.Done, 1)
	})
}

// TestClocksThatDifferHaltTheFleet moves the server's clock by ten minutes.
func TestClocksThatDifferHaltTheFleet(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		each(t, func(w *world) {
			w.unknown(true)
			w.advance(25 * time.Hour)
			w.fault(sandbox.Fault{Operation: "list_portfolios_orders", DateSkew: skew, Count: -1})
			w.postponed()
			w.expect(ledger.Open, 1)
			settings, err := w.ledger().Settings(t.Context())
			w.must(err)
			if !strings.Contains(settings.Halted, "clock of the database differs") {
				t.Errorf("the fleet is halted with the reason %q, expected the clocks", settings.Halted)
			}
			w.add("february")
			if err := w.placeFor("february"); err == nil {
				t.Error("an order was placed while the clocks differ")
			}
			if err := w.placer().ProbeClock(t.Context()); err == nil {
				t.Error("the fleet was resumed although the clocks differ")
			}
			w.sandbox.ClearFaults()
			w.must(w.placer().ProbeClock(t.Context()))
			w.must(w.place())
			w.expect(ledger.Found, 1)
		})
	}
}
