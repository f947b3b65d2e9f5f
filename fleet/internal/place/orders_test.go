package place_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestAnOrderIsPlacedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.must(w.place())
		w.expect(ledger.Done, 1)
		w.must(w.place())
		w.advance(48 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Done, 1)
	})
}

func TestAnAttemptWithAnUnknownOutcomeIsRepeatedWithTheSameKey(t *testing.T) {
	t.Parallel()
	for _, acted := range []bool{false, true} {
		each(t, func(w *world) {
			w.unknown(acted)
			w.unknown(acted)
			w.advance(22 * time.Hour)
			w.must(w.place())
			w.expect(ledger.Done, 1)
		})
	}
}

func TestAfterTheKeyExpiresALookupFindsTheOrder(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.order(portfolios.SideBUY, "24.99")
		w.order(portfolios.SideSELL, "25.00")
		w.unknown(true)
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Found, 3)
	})
}

func TestAfterTheKeyExpiresAMissingOrderIsPlaced(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(false)
		w.order(portfolios.SideBUY, "24.99")
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Done, 2)
		if item := w.item(january); item.Unsure != 1 || item.Now.Sub(item.Since) > time.Hour {
			t.Errorf("got the item %+v, expected one unsure attempt that began with the second request", item)
		}
	})
}

func TestAmountsAreComparedAsNumbers(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(false)
		w.order(portfolios.SideBUY, "25.0")
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Found, 1)
	})
}

func TestALineWithSeveralMatchingOrdersGoesToReview(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(true)
		w.order(portfolios.SideBUY, "25.00")
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Review, 2)
		w.must(w.place())
		w.expect(ledger.Review, 2)
	})
}

func TestOrdersOfOtherRunsAreIgnored(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(false)
		w.add("february")
		w.must(w.placeFor("february"))
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Done, 2)
		w.expectFor("february", ledger.Done, 2)
	})
}

// TestOrdersCreatedBeforeOrAfterTheAttemptsAreIgnored lets the customer place two orders
// with the fields of the line: one an hour before the first attempt, and one ten hours
// after it. Neither order may become the order of the line.
func TestOrdersCreatedBeforeOrAfterTheAttemptsAreIgnored(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.order(portfolios.SideBUY, "25.00")
		w.advance(time.Hour)
		w.unknown(false)
		w.advance(10 * time.Hour)
		w.order(portfolios.SideBUY, "25.00")
		w.advance(15 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Done, 3)
	})
}

func TestOrdersThatContradictTheLineAreIgnored(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(order map[string]any){
		"initiation_flow":  func(order map[string]any) { order["initiation_flow"] = "SAVINGS_PLAN" },
		"client_reference": func(order map[string]any) { order["client_reference"] = "plan 7" },
		"user_id":          func(order map[string]any) { order["user_id"] = uuid.NewString() },
		"type":             func(order map[string]any) { order["type"] = "REBALANCING" },
		"created_at":       func(order map[string]any) { order["created_at"] = "2020-01-01T00:00:00Z" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				w.unknown(false)
				w.order(portfolios.SideBUY, "25.00")
				w.advance(25 * time.Hour)
				w.rewrite("list_portfolios_orders", change)
				w.must(w.place())
				w.expect(ledger.Done, 2)
			})
		})
	}
}

func TestALineWhoseMatchingOrderIsCancelledGoesToReview(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(true)
		w.advance(25 * time.Hour)
		w.rewrite("list_portfolios_orders", func(order map[string]any) { order["status"] = "CANCELLED" })
		w.must(w.place())
		w.expect(ledger.Review, 1)
	})
}

// TestAnOrderThatTheServerReturnedStaysWithItsLine lets the server accept an order with a
// response in which only the id is readable, and then cancel the order. The order must
// still belong to the line.
func TestAnOrderThatTheServerReturnedStaysWithItsLine(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(true)
		list, err := w.client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{})
		w.must(err)
		id := list.Data[0].ID
		w.fault(sandbox.Fault{
			After: true, Status: http.StatusOK, ContentType: "application/json",
			Body: []byte(`{"id":"` + id.String() + `","cash_amount":{}}`),
		})
		if later := w.later(); !errors.Is(later, upvest.ErrAccepted) {
			t.Fatalf("the attempt with an unreadable response returned %v, expected ErrAccepted", later)
		}
		w.must(w.client.Orders.Cancel(t.Context(), id))
		w.advance(3 * time.Minute)
		w.must(w.place())
		w.expect(ledger.Found, 1)
		if item := w.item(january); item.Resource.UUID != id {
			t.Errorf("the line has the order %s, expected %s", item.Resource.UUID, id)
		}
	})
}

func TestALineGoesToReviewIfTheResponseContradictsIt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ differs, unreadable string }{
		"amount":  {differs: "amount"},
		"account": {differs: "account"},
		"account, with an unreadable field": {
			differs: "account", unreadable: `"client_reference":"4711","initiation_flow":{},`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(w *world) {
				account := w.line.Subject
				amount := "25.00"
				if test.differs == "account" {
					account = uuid.New()
				} else {
					amount = "9999.00"
				}
				body := fmt.Sprintf(`{`+test.unreadable+`
					"id":%q,"account_id":%q,"user_id":%q,"allocation_id":%q,
					"cash_amount":%q,"currency":"EUR","type":"BUY","status":"NEW",
					"post_tax":false,"orders":[],
					"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`,
					uuid.New(), account, w.line.Fields[0], uuid.New(), amount)
				w.fault(sandbox.Fault{
					After: true, Status: http.StatusOK, Body: []byte(body), ContentType: "application/json",
				})
				w.must(w.place())
				w.expect(ledger.Review, 1)
				if item := w.item(january); !strings.HasSuffix(item.Detail, "differs in "+test.differs) {
					t.Errorf("the reason is %q, expected one that names only the field %q",
						item.Detail, test.differs)
				}
			})
		})
	}
}

// TestAFoundOrderMovesToTheLineThatPlacedIt lets a lookup for a line of February find the
// order of a line of January. When the server returns this order for the line of January,
// the order must move to the line of January.
func TestAFoundOrderMovesToTheLineThatPlacedIt(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.add("february")
		w.unknown(true)
		w.fault(sandbox.Fault{Reset: true})
		if err := w.placeFor("february"); err == nil {
			t.Fatal("placing the line of February returned no error for a lost request, expected one")
		}
		february := w.item("february")
		w.advance(25 * time.Hour)
		w.must(w.placeFor("february"))
		w.expectFor("february", ledger.Found, 1)
		id := w.item("february").Resource
		w.must(
			w.ledger().Finish(t.Context(), w.item(january), ledger.End{Outcome: ledger.Done, Resource: id}),
		)
		w.expect(ledger.Done, 1)
		w.expectFor("february", ledger.Review, 1)
		if february.Attempts != 1 {
			t.Errorf("the ledger has %d attempts for the line of February, expected 1", february.Attempts)
		}
	})
}

func TestNothingIsSentWhileAnAttemptMayBeInProgress(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(false)
		w.advance(22*time.Hour + 59*time.Minute)
		w.unknown(false)
		w.advance(time.Minute)
		if later := w.later(); later.Wait <= 0 || later.Wait > 2*time.Minute {
			t.Errorf("the next attempt is due in %s, expected more than 0 and at most 2 minutes", later.Wait)
		}
		w.advance(time.Minute)
		w.must(w.place())
		w.expect(ledger.Done, 1)
	})
}

func TestAFailedLookupLeavesTheLineOpen(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		w.unknown(true)
		w.advance(25 * time.Hour)
		w.fault(sandbox.Fault{Operation: "list_portfolios_orders", Status: http.StatusInternalServerError})
		w.postponed()
		w.expect(ledger.Open, 1)
		w.must(w.place())
		w.expect(ledger.Found, 1)
	})
}

func TestKeyNeverChanges(t *testing.T) {
	t.Parallel()
	key, err := place.Key(
		"create_portfolios_order",
		"january",
		uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030"),
	)
	if want := "2d89ec9f-4a23-5571-9dc9-2bb9653bc48b"; err != nil || key.String() != want {
		t.Errorf("got the key %s and the error %v, expected the key %s", key, err, want)
	}
}
