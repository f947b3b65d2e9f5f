package place_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// allocation creates an allocation.
func (w *world) allocation() uuid.UUID {
	w.Helper()
	created, err := w.client.Allocations.Create(w.Context(), portfolios.AllocationRequest{
		Name: "World",
		Allocation: []portfolios.InstrumentWeight{{
			InstrumentID: "IE00B4L5Y983", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1",
		}},
	})
	w.must(err)
	return created.ID
}

// follow makes the account follow an allocation.
func (w *world) follow(allocation uuid.UUID) {
	w.Helper()
	_, err := w.client.Configurations.Create(w.Context(), portfolios.ConfigurationRequest{
		AccountID: w.line.Subject, AllocationID: allocation,
	})
	w.must(err)
}

// move makes the account follow the given allocation instead of its current one.
func (w *world) move(allocation uuid.UUID) {
	w.Helper()
	_, err := w.client.Configurations.Update(w.Context(), w.line.Subject, portfolios.ConfigurationUpdate{
		AllocationID: api.OptionalUUID(allocation),
	})
	w.must(err)
}

// followed returns the allocation that the account follows.
func (w *world) followed() uuid.UUID {
	w.Helper()
	configuration, err := w.client.Configurations.Retrieve(w.Context(), w.line.Subject)
	w.must(err)
	return configuration.AllocationID
}

func (w *world) expectOutcome(want ledger.Outcome) {
	w.Helper()
	if item := w.item(january); item.Outcome != want {
		w.Errorf("the outcome of the item is %s, expected %s: %s", item.Outcome, want, item.Detail)
	}
}

// lost sends the item once and loses the response. If `acted` is true, the server carries
// out the request before the response is lost.
func (w *world) lost(operation sandbox.Operation, acted bool) {
	w.Helper()
	w.fault(sandbox.Fault{Operation: operation, Reset: true, After: acted})
	w.postponed()
}

func TestAConfigurationIsCreatedOnce(t *testing.T) {
	t.Parallel()
	const create = "create_portfolios_configuration"
	for name, test := range map[string]func(w *world, target, other uuid.UUID){
		"the first attempt succeeds": func(w *world, _, _ uuid.UUID) {
			w.must(w.place())
			w.expectOutcome(ledger.Done)
		},
		"the response is lost, and a lookup finds the configuration": func(w *world, _, _ uuid.UUID) {
			w.lost(create, true)
			w.advance(25 * time.Hour)
			w.must(w.place())
			w.expectOutcome(ledger.Found)
		},
		"the request is lost and sent again": func(w *world, _, _ uuid.UUID) {
			w.lost(create, false)
			w.advance(25 * time.Hour)
			w.must(w.place())
			w.expectOutcome(ledger.Done)
		},
		"the account already follows the allocation": func(w *world, target, _ uuid.UUID) {
			w.follow(target)
			w.postponed() // a 409 counts as a refusal only after a minute
			w.advance(time.Minute)
			w.postponed() // after the second 409, a lookup has to decide
			w.advance(3 * time.Minute)
			w.must(w.place())
			w.expectOutcome(ledger.Found)
		},
		"the account follows a different allocation": func(w *world, target, other uuid.UUID) {
			w.follow(other)
			w.postponed()
			w.advance(time.Minute)
			w.postponed()
			w.advance(3 * time.Minute)
			w.must(w.place())
			w.expectOutcome(ledger.Review)
			w.move(target)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOf(t, "create-configurations", func(w *world) {
				target := w.allocation()
				w.line.Fields = []string{target.String()}
				w.add(january)
				test(w, target, w.allocation())
				if got := w.followed(); got != target {
					t.Errorf("the account follows the allocation %s, expected %s", got, target)
				}
			})
		})
	}
}

// TestALookupPrecedesTheRefusalOfAConfiguration lets the server refuse to create a
// configuration. A lookup must then find that the account has no configuration before the
// line counts as refused.
func TestALookupPrecedesTheRefusalOfAConfiguration(t *testing.T) {
	t.Parallel()
	eachOf(t, "create-configurations", func(w *world) {
		w.line.Fields = []string{w.allocation().String()}
		w.add(january)
		w.fault(sandbox.Fault{
			Operation: "create_portfolios_configuration", Status: http.StatusUnprocessableEntity, Count: 2,
		})
		w.postponed()
		w.advance(time.Minute)
		w.postponed()
		w.advance(3 * time.Minute)
		w.must(w.place())
		w.expectOutcome(ledger.Refused)
	})
}

func TestAConfigurationIsChangedOnlyFromTheNamedAllocation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(w *world, to, other uuid.UUID) (want uuid.UUID){
		"the account follows the old allocation": func(w *world, to, _ uuid.UUID) uuid.UUID {
			w.must(w.place())
			w.expectOutcome(ledger.Done)
			return to
		},
		"the account already follows the new allocation": func(w *world, to, _ uuid.UUID) uuid.UUID {
			w.move(to)
			w.must(w.place())
			w.expectOutcome(ledger.Found)
			return to
		},
		"the account follows a third allocation": func(w *world, _, other uuid.UUID) uuid.UUID {
			w.move(other)
			w.must(w.place())
			w.expectOutcome(ledger.Review)
			return other
		},
		"the response is lost": func(w *world, to, _ uuid.UUID) uuid.UUID {
			w.lost("update_portfolios_configuration", true)
			w.advance(3 * time.Minute)
			w.must(w.place())
			w.expectOutcome(ledger.Found)
			return to
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOf(t, "change-configurations", func(w *world) {
				from := w.allocation()
				to := w.allocation()
				w.line.Fields = []string{from.String(), to.String()}
				w.follow(from)
				w.add(january)
				want := test(w, to, w.allocation())
				if got := w.followed(); got != want {
					t.Errorf("the account follows the allocation %s, expected %s", got, want)
				}
			})
		})
	}
}

// cancelling runs a test with a line that cancels an order. The function `status`
// returns the status of the order at the server.
func cancelling(t *testing.T, test func(w *world, status func() portfolios.OrderStatus)) {
	t.Helper()
	eachOf(t, "cancel-orders", func(w *world) {
		w.follow(w.allocation())
		order, err := w.client.Orders.Create(w.Context(), portfolios.OrderRequest{
			AccountID: w.line.Subject, UserID: uuid.New(), Side: portfolios.SideBUY, CashAmount: "25.00",
			Currency: portfolios.CurrencyEUR,
		})
		w.must(err)
		w.line = ledger.Line{Subject: order.ID, Fields: []string{}}
		w.add(january)
		test(w, func() portfolios.OrderStatus {
			read, err := w.client.Orders.Retrieve(w.Context(), order.ID)
			w.must(err)
			return read.Status
		})
	})
}

func TestAnOrderIsCancelledOnce(t *testing.T) {
	t.Parallel()
	const cancel = "cancel_portfolios_order"
	for name, test := range map[string]struct {
		do   func(w *world)
		want ledger.Outcome
		ends portfolios.OrderStatus
	}{
		"the first attempt succeeds": {
			func(w *world) { w.must(w.place()) }, ledger.Done, portfolios.OrderStatusCANCELLED,
		},
		"the response is lost, and a lookup finds the order cancelled": {func(w *world) {
			w.lost(cancel, true)
			w.advance(3 * time.Minute)
			w.must(w.place())
		}, ledger.Found, portfolios.OrderStatusCANCELLED},
		"the response to the accepted request is unreadable": {func(w *world) {
			w.fault(sandbox.Fault{
				Operation: cancel, After: true, Status: http.StatusOK, Body: []byte("{"),
				ContentType: "application/json",
			})
			w.must(w.place())
		}, ledger.Done, portfolios.OrderStatusCANCELLED},
		"the request is lost, and the order is filled": {func(w *world) {
			w.lost(cancel, false)
			w.advance(24 * time.Hour)
			w.must(w.place())
		}, ledger.Refused, portfolios.OrderStatusFILLED},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cancelling(t, func(w *world, status func() portfolios.OrderStatus) {
				test.do(w)
				w.expectOutcome(test.want)
				if got := status(); got != test.ends {
					t.Errorf("the order has the status %s, expected %s", got, test.ends)
				}
			})
		})
	}
}

func TestAnAccountIsLiquidatedOnce(t *testing.T) {
	t.Parallel()
	const liquidate = "create_portfolios_liquidation_request"
	for name, test := range map[string]struct {
		do   func(w *world)
		want ledger.Outcome
	}{
		"the first attempt succeeds": {func(w *world) { w.must(w.place()) }, ledger.Done},
		"the response is lost, and a lookup finds the order": {func(w *world) {
			w.lost(liquidate, true)
			w.advance(25 * time.Hour)
			w.must(w.place())
		}, ledger.Found},
		"the request is lost, and the lookup is inconclusive": {func(w *world) {
			w.lost(liquidate, false)
			w.advance(25 * time.Hour)
			w.must(w.place())
		}, ledger.Review},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachOf(t, "liquidate", func(w *world) {
				w.line.Fields = []string{uuid.NewString()}
				w.follow(w.allocation())
				w.order(portfolios.SideBUY, "25.00")
				w.advance(24 * time.Hour)
				w.add(january)
				test.do(w)
				w.expectOutcome(test.want)
			})
		})
	}
}

// TestLinesOfARestoredLedgerAreLookedUpBeforeTheyAreSent marks the ledger as restored
// from a dump that was taken before an order was placed. A lookup must find the order.
// Once the mark is lifted, lines must be sent without a lookup.
func TestLinesOfARestoredLedgerAreLookedUpBeforeTheyAreSent(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		dump := time.Now().Add(-time.Second)
		// the order of an attempt that the dump lacks
		w.order(portfolios.SideBUY, "25.00")
		w.must(w.ledger().MarkRestored(t.Context(), dump))
		if later := w.later(); later.Wait < time.Minute {
			t.Errorf("the lookup is due in %s, expected at least a minute: an attempt may still act",
				later.Wait)
		}
		w.advance(3 * time.Minute)
		w.must(w.place())
		w.expect(ledger.Found, 1)

		w.add("february")
		w.must(w.placeFor("february"))
		w.expectFor("february", ledger.Done, 2)
		w.must(w.ledger().LiftRestored(t.Context()))
		w.add("march")
		w.must(w.placeFor("march"))
		w.expectFor("march", ledger.Done, 3)
		looks, err := w.sandbox.Requests(sandbox.OfOperation(sandbox.ListOrders))
		if err != nil || len(looks) != 2 {
			t.Errorf("got %d lookups and the error %v, expected 2: one for January and one for February",
				len(looks), err)
		}
		if err := w.ledger().MarkRestored(t.Context(), time.Now().Add(time.Hour)); err == nil ||
			!strings.Contains(err.Error(), "future") {
			t.Errorf("MarkRestored returned %v for a time in the future, expected an error about the future",
				err)
		}
	})
}

// TestOrdersOfAttemptsAfterTheDumpAreFound marks the ledger as restored from a dump that
// lacks the second attempt of a line. This attempt placed an order ten hours after the
// first attempt. A lookup must find the order.
func TestOrdersOfAttemptsAfterTheDumpAreFound(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(false)
		dump := time.Now()
		w.advance(10 * time.Hour)
		w.order(portfolios.SideBUY, "25.00")
		w.must(w.ledger().MarkRestored(t.Context(), dump))
		w.advance(3 * time.Minute)
		w.must(w.place())
		w.expect(ledger.Found, 1)
	})
}

// TestOrdersOfARunThatTheDumpLacksAreFound enqueues a run a second time, because the dump
// does not contain the run. The order of the run was already placed, and a lookup must
// find this order.
func TestOrdersOfARunThatTheDumpLacksAreFound(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		dump := time.Now().Add(-time.Second)
		w.order(portfolios.SideBUY, "25.00")
		w.advance(10 * time.Hour)
		w.must(w.ledger().MarkRestored(t.Context(), dump))
		w.add("february")
		if created := w.run("february").Created; created.After(dump) {
			t.Errorf("the run was created at %s, expected it by %s, the time of the dump", created, dump)
		}
		w.advance(3 * time.Minute)
		w.must(w.placeFor("february"))
		w.expectFor("february", ledger.Found, 1)
	})
}

// TestLinesOfACancelledRunInARestoredLedgerAreLookedUp cancels a run whose order was
// placed after the dump from which the ledger was restored. A lookup must find the order.
func TestLinesOfACancelledRunInARestoredLedgerAreLookedUp(t *testing.T) {
	t.Parallel()
	for _, acted := range []bool{false, true} {
		each(t, func(w *world) {
			dump := time.Now().Add(-time.Second)
			if acted {
				w.order(portfolios.SideBUY, "25.00")
			}
			w.must(w.ledger().MarkRestored(t.Context(), dump))
			w.must(w.ledger().SetState(t.Context(), w.run(january).ID, ledger.Cancelled))
			w.expectLookup(acted, ledger.Dropped)
		})
	}
}

func TestAPausedRunSendsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.must(w.ledger().SetState(t.Context(), w.run(january).ID, ledger.Paused))
		w.postponed()
		w.expect(ledger.Open, 0)
		w.must(w.ledger().SetState(t.Context(), w.run(january).ID, ledger.Running))
		w.must(w.place())
		w.expect(ledger.Done, 1)
	})
}

// TestLinesOfACancelledRunAreOnlyLookedUp cancels a run that has an attempt with an
// unknown outcome. A lookup must decide the line, and nothing more may be sent.
func TestLinesOfACancelledRunAreOnlyLookedUp(t *testing.T) {
	t.Parallel()
	for _, acted := range []bool{false, true} {
		each(t, func(w *world) {
			w.unknown(acted)
			w.must(w.ledger().SetState(t.Context(), w.run(january).ID, ledger.Cancelled))
			w.expectLookup(acted, ledger.Dropped)
		})
	}
}
