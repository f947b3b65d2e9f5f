package place_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

const run = "january"

func TestMain(m *testing.M) { testdb.Main(m) }

// world is a sandbox, a database with one order to place, and one clock for both.
type world struct {
	*testing.T
	sandbox *sandbox.Sandbox
	client  *upvest.Client
	url     string
	open    *ledger.Ledger
	ahead   time.Duration
	body    ledger.Body
}

func each(t *testing.T, test func(w *world)) {
	testdb.Each(t, func(t *testing.T, url string) {
		w := &world{T: t, url: url, sandbox: testapi.New(t, sandbox.WithClock(sandbox.NewClock(time.Now())))}
		w.body = ledger.Body{Account: uuid.New(), User: uuid.New(), Side: "BUY", Amount: "25.00", Currency: "EUR"}
		w.client = testapi.Client(t)
		testapi.Follow(t, w.client, w.body.Account)
		w.add(run)
		test(w)
	})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// ledger is the database on the clock of the moment.
func (w *world) ledger() *ledger.Ledger {
	w.Helper()
	if w.open == nil {
		l, err := ledger.Connect(w.Context(), w.url, 2, w.ahead)
		w.must(err)
		w.Cleanup(func() { _ = l.Close() })
		w.open = l
	}
	return w.open
}

// add writes the order down for a run.
func (w *world) add(run string) {
	w.Helper()
	l := w.ledger()
	client, err := queue.New(l, slog.New(slog.DiscardHandler))
	w.must(err)
	added, err := queue.Add(w.Context(), l, client, run, []ledger.Body{w.body})
	w.must(err)
	if added != 1 {
		w.Fatalf("added %d orders, expected 1", added)
	}
}

// advance lets time pass for everybody.
func (w *world) advance(d time.Duration) {
	w.ahead += d
	w.open = nil
	w.sandbox.Clock().Advance(d)
}

func (w *world) place() error { return w.placeFor(run) }

func (w *world) placeFor(run string) error {
	w.Helper()
	placer := place.Placer{Ledger: w.ledger(), Client: w.client}
	return placer.Place(w.Context(), run, w.body.Account)
}

// later takes the order up, and expects to be told to come again later.
func (w *world) later() time.Duration {
	w.Helper()
	var later *river.JobSnoozeError
	if err := w.place(); !errors.As(err, &later) {
		w.Fatalf("got %v, expected to be told to come again later", err)
	}
	return later.Duration
}

func (w *world) fault(f sandbox.Fault) {
	w.Helper()
	if f.Operation == "" {
		f.Operation = testapi.Create
	}
	w.must(w.sandbox.Inject(f))
}

// unknown takes the order up with an attempt whose answer is lost, after acting or not.
func (w *world) unknown(acted bool) {
	w.Helper()
	w.fault(sandbox.Fault{Reset: true, After: acted})
	if err := w.place(); !errors.Is(err, upvest.ErrOutcomeUnknown) {
		w.Fatalf("got %v, expected an unknown outcome", err)
	}
}

// expect checks how the row ended, and how many orders there are.
func (w *world) expect(outcome ledger.Outcome, orders int) {
	w.Helper()
	w.expectFor(run, outcome, orders)
}

func (w *world) expectFor(run string, outcome ledger.Outcome, orders int) {
	w.Helper()
	row := w.row(run)
	if row.Outcome != outcome {
		w.Errorf("the order is %s, expected %s: %s", row.Outcome, outcome, row.Detail)
	}
	if placed := outcome == ledger.Placed || outcome == ledger.Adopted; placed != row.OrderID.Valid {
		w.Errorf("the row is %s with the order %v", row.Outcome, row.OrderID)
	}
	if got := testapi.Orders(w.sandbox); got != orders {
		w.Errorf("%d orders were placed, expected %d", got, orders)
	}
}

// row reads the row without touching it: a decided or old row never begins an attempt.
func (w *world) row(run string) ledger.Order {
	w.Helper()
	l, err := ledger.Connect(w.Context(), w.url, 1, w.ahead+1000*time.Hour)
	w.must(err)
	defer l.Close()
	row, begun, err := l.Start(w.Context(), run, w.body.Account)
	w.must(err)
	if begun {
		w.must(l.Release(w.Context(), row))
		row.Since, row.Attempts = time.Time{}, 0
	}
	return row
}

// order places an order that the fleet knows nothing of.
func (w *world) order(side portfolios.Side, amount string) {
	w.Helper()
	_, err := w.client.Orders.Create(w.Context(), portfolios.OrderRequest{
		AccountID: w.body.Account, UserID: w.body.User, Side: side, CashAmount: api.Decimal(amount), Currency: portfolios.CurrencyEUR,
	})
	w.must(err)
}

func TestPlacedOnce(t *testing.T) {
	each(t, func(w *world) {
		w.must(w.place())
		w.expect(ledger.Placed, 1)
		w.must(w.place())
		w.advance(48 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Placed, 1)
	})
}

func TestUnknownOutcomeIsTakenUpWithTheKey(t *testing.T) {
	for _, acted := range []bool{false, true} {
		each(t, func(w *world) {
			w.unknown(acted)
			w.unknown(acted)
			w.advance(22 * time.Hour)
			w.must(w.place())
			w.expect(ledger.Placed, 1)
		})
	}
}

func TestOldUnknownOutcomeIsAdopted(t *testing.T) {
	each(t, func(w *world) {
		w.order(portfolios.SideBUY, "24.99")
		w.order(portfolios.SideSELL, "25.00")
		w.unknown(true)
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Adopted, 3)
	})
}

func TestOldUnknownOutcomeIsPlacedIfItIsMissing(t *testing.T) {
	each(t, func(w *world) {
		w.unknown(false)
		w.order(portfolios.SideBUY, "24.99")
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Placed, 2)
		if row := w.row(run); row.Attempts != 1 || row.Now.Sub(row.Since) > 1001*time.Hour {
			w.Errorf("the new first attempt is not dated anew: %+v", row)
		}
	})
}

func TestAmountsAreComparedAsNumbers(t *testing.T) {
	each(t, func(w *world) {
		w.unknown(false)
		w.order(portfolios.SideBUY, "25.0")
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Adopted, 1)
	})
}

func TestSeveralCandidatesAreReviewed(t *testing.T) {
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

func TestOrdersOfOtherRunsAreLeftOut(t *testing.T) {
	each(t, func(w *world) {
		w.unknown(false)
		w.add("february")
		w.must(w.placeFor("february"))
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Placed, 2)
		w.expectFor("february", ledger.Placed, 2)
	})
}

func TestOlderOrdersAreLeftOut(t *testing.T) {
	each(t, func(w *world) {
		w.order(portfolios.SideBUY, "25.00")
		w.advance(time.Hour)
		w.unknown(true)
		w.advance(25 * time.Hour)
		w.must(w.place())
		w.expect(ledger.Adopted, 2)
	})
}

func TestDefiniteAnswerToTheFirstAttemptIsARefusal(t *testing.T) {
	each(t, func(w *world) {
		w.fault(sandbox.Fault{Status: http.StatusUnprocessableEntity})
		w.must(w.place())
		w.expect(ledger.Refused, 0)
		if row := w.row(run); !strings.Contains(row.Detail, "422") {
			w.Errorf("the reason is not written down: %q", row.Detail)
		}
	})
}

func TestDefiniteAnswerAfterAnUnknownOutcomeIsLookedInto(t *testing.T) {
	for _, acted := range []bool{false, true} {
		each(t, func(w *world) {
			w.unknown(acted)
			w.fault(sandbox.Fault{Status: http.StatusConflict})
			if wait := w.later(); wait < place.Timeout+time.Minute {
				w.Errorf("the look is in %s, while an attempt can still act", wait)
			}
			w.later()
			w.advance(3 * time.Minute)
			w.must(w.place())
			if acted {
				w.expect(ledger.Adopted, 1)
			} else {
				w.expect(ledger.Refused, 0)
			}
		})
	}
}

func TestAnswersThatAreNotAboutTheOrderAreNoRefusal(t *testing.T) {
	for _, status := range []int{401, 403, 426, 429} {
		each(t, func(w *world) {
			w.fault(sandbox.Fault{Status: status, Count: 2})
			if err := w.place(); err == nil {
				w.Fatal("no error")
			}
			if row := w.row(run); row.Outcome != ledger.Open || !row.Since.IsZero() {
				w.Errorf("an attempt that did nothing left a trace: %+v", row)
			}
			w.sandbox.ClearFaults()
			w.must(w.place())
			w.expect(ledger.Placed, 1)
		})
	}
}

func TestNothingIsSentWhileAnAttemptMayBeUnderWay(t *testing.T) {
	each(t, func(w *world) {
		w.unknown(false)
		w.advance(22*time.Hour + 59*time.Minute)
		w.unknown(false)
		w.advance(time.Minute)
		if wait := w.later(); wait <= 0 || wait > 2*time.Minute {
			w.Errorf("to be taken up again in %s", wait)
		}
		w.advance(time.Minute)
		w.must(w.place())
		w.expect(ledger.Placed, 1)
	})
}

func TestUnreadableListLeavesTheOrderOpen(t *testing.T) {
	each(t, func(w *world) {
		w.unknown(true)
		w.advance(25 * time.Hour)
		w.fault(sandbox.Fault{Operation: "list_portfolios_orders", Status: http.StatusInternalServerError})
		if err := w.place(); err == nil {
			w.Fatal("no error")
		}
		w.expect(ledger.Open, 1)
		w.must(w.place())
		w.expect(ledger.Adopted, 1)
	})
}

func TestKeyNeverChanges(t *testing.T) {
	key, err := place.Key("january", uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030"))
	if want := "2d89ec9f-4a23-5571-9dc9-2bb9653bc48b"; err != nil || key.String() != want {
		t.Errorf("got %s, %v, expected %s", key, err, want)
	}
}
