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
			t.Errorf("the reason for the refusal is %q, expected one that contains 400", item.Detail)
		}
	})
}

// TestARefusalThatMayBeTemporaryMustBeRepeated lets the server refuse an item with a
// status that a delay at the server can cause. The refusal must count only if the server
// refuses the item again after a minute.
func TestARefusalThatMayBeTemporaryMustBeRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 409, 422} {
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: status})
			if later := w.later(); later.Wait < time.Minute {
				t.Errorf("the next attempt is due in %s, expected a minute or more", later.Wait)
			}
			w.expect(ledger.Open, 0)
			w.advance(time.Minute)
			w.must(w.place())
			w.expect(ledger.Done, 1)
		})
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: status, Count: 3})
			w.postponed()
			w.postponed() // the second refusal comes too early to count
			w.expect(ledger.Open, 0)
			w.advance(time.Minute)
			w.must(w.place())
			w.expect(ledger.Refused, 0)
		})
	}
}

func TestARefusalAfterAnUnknownOutcomeRequiresALookup(t *testing.T) {
	t.Parallel()
	for _, acted := range []bool{false, true} {
		each(t, func(w *world) {
			w.unknown(acted)
			w.fault(sandbox.Fault{Status: http.StatusBadRequest})
			if later := w.later(); later.Wait < 2*time.Minute {
				t.Errorf("the lookup is due in %s, expected at least 2 minutes: the attempt may still act",
					later.Wait)
			}
			w.expectLookup(acted, ledger.Refused)
		})
	}
}

func TestStatusesThatTheLineDidNotCauseAreNotRefusals(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 426, 429} {
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: status, Count: 2})
			w.postponed()
			if item := w.item(january); item.Outcome != ledger.Open || item.Unsure != 0 ||
				!item.Since.IsZero() {
				t.Errorf("got the item %+v, expected an open item without unsure attempts", item)
			}
			w.sandbox.ClearFaults()
			w.must(w.place())
			w.expect(ledger.Done, 1)
		})
	}
}

// TestErrorPagesOfAGatewayAreNotRefusals lets a gateway respond with an error page
// instead of the API. The line must stay open, and the next attempt must place its order.
func TestErrorPagesOfAGatewayAreNotRefusals(t *testing.T) {
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

// TestARunIsHeldWhileNothingSucceeds lets 20 attempts in a row fail. The fleet must then
// hold the run, and send nothing except probes, until a probe succeeds.
func TestARunIsHeldWhileNothingSucceeds(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		fault := html(http.StatusNotFound)
		fault.Count = -1
		w.fault(fault)
		for range 20 {
			if held := w.run(january).Held; held != "" {
				t.Fatalf("the run was held before 20 attempts had failed, with the reason %q", held)
			}
			w.postponed()
		}
		if held := w.run(january).Held; !strings.Contains(held, "404") {
			t.Errorf("the reason for holding the run is %q, expected one that contains 404", held)
		}
		before, _ := w.sandbox.Requests() // without a filter there is no error
		w.postponed()
		after, _ := w.sandbox.Requests()
		if len(after) != len(before) {
			t.Errorf("the worker sent %d requests while the run was held, expected none",
				len(after)-len(before))
		}
		if w.probe() {
			t.Error("Probe resumed the run after a failed attempt, expected the run to stay held")
		}
		w.sandbox.ClearFaults()
		if !w.probe() || w.run(january).Held != "" {
			t.Error("Probe did not resume the run after a successful attempt, or did not report it")
		}
		w.expect(ledger.Done, 1)
	})
}

// TestALineThatIsAlwaysForbiddenGoesToReview lets the server respond to one line with the
// status 403. The line must go to review only if other lines of the run succeed.
func TestALineThatIsAlwaysForbiddenGoesToReview(t *testing.T) {
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

// TestALateRefusalDoesNotDecideTheItem records the refusal of an item's first attempt
// after the second attempt has begun. The refusal must not decide the item.
func TestALateRefusalDoesNotDecideTheItem(t *testing.T) {
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

// TestClocksThatDifferHaltTheFleet moves the server's clock ten minutes ahead or back.
// The fleet must place no order until the server's clock agrees with the database's
// clock.
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
				t.Errorf("the reason for halting the fleet is %q, expected one about the database's clock",
					settings.Halted)
			}
			w.add("february")
			if err := w.placeFor("february"); err == nil {
				t.Error("placing an order while the clocks differed returned no error, expected one")
			}
			if err := w.placer().ProbeClock(t.Context()); err == nil {
				t.Error("ProbeClock returned no error while the clocks differed, expected one")
			}
			w.sandbox.ClearFaults()
			w.must(w.placer().ProbeClock(t.Context()))
			w.must(w.place())
			w.expect(ledger.Found, 1)
		})
	}
}
