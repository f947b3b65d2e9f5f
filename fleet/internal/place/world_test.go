package place_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const january = "january"

func TestMain(m *testing.M) { testdb.Main(m) }

// world is a sandbox and a database with one line to carry out. The clocks of the sandbox
// and the database advance together.
type world struct {
	*testing.T
	sandbox   *sandbox.Sandbox
	client    *upvest.Client
	url       string
	open      *ledger.Ledger
	ahead     time.Duration
	operation string
	line      ledger.Line
	gauge     *place.Gauge
}

// each runs a test on SQLite and on PostgreSQL, with a line that places an order for a
// new account. The account follows an allocation.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	eachOf(t, "create-orders", func(w *world) {
		w.line.Fields = []string{uuid.NewString(), "BUY", "25.00", "EUR"}
		testapi.Follow(w, w.client, w.line.Subject)
		w.add(january)
		test(w)
	})
}

func eachOf(t *testing.T, operation string, test func(w *world)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, url string) {
		t.Parallel()
		// The sandbox fills orders only when a test lets hours pass, even on a slow
		// machine.
		w := &world{
			T: t, url: url, operation: operation, gauge: place.NewGauge(),
			line: ledger.Line{Subject: uuid.New()},
			sandbox: testapi.Start(t, sandbox.WithClock(sandbox.NewMovingClock(time.Now())),
				sandbox.WithOrderDelay(time.Hour), sandbox.WithTokenLifetime(1000*time.Hour)),
		}
		w.client = testapi.ClientOf(t, w.sandbox.Credentials())
		test(w)
	})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// ledger returns the ledger. It reopens the ledger after each change to the world's
// clock.
func (w *world) ledger() *ledger.Ledger {
	w.Helper()
	if w.open == nil {
		l, err := ledger.Connect(w.Context(), w.url, database.Options{Connections: 4, Ahead: w.ahead})
		w.must(err)
		w.Cleanup(func() { _ = l.Close() })
		w.open = l
	}
	return w.open
}

// add creates a run with the given name, and adds the line to the run.
func (w *world) add(run string) {
	w.Helper()
	q, err := queue.New(w.ledger(), slog.New(slog.DiscardHandler))
	w.must(err)
	added, err := q.Add(
		w.Context(),
		ledger.Run{Name: run, Operation: w.operation, Priority: 2},
		[]ledger.Line{w.line},
	)
	w.must(err)
	if added != 1 {
		w.Fatalf("added %d lines to the run %q, expected 1", added, run)
	}
}

// advance moves the clocks of the sandbox and the ledger ahead.
func (w *world) advance(d time.Duration) {
	w.ahead += d
	w.open = nil
	w.sandbox.Clock().Advance(d)
}

func (w *world) placer() *place.Placer {
	w.Helper()
	return &place.Placer{Ledger: w.ledger(), Client: w.client, Gauge: w.gauge}
}

func (w *world) place() error { return w.placeFor(january) }

func (w *world) placeFor(run string) error {
	w.Helper()
	return w.placer().Place(w.Context(), w.run(run), w.line.Subject, false)
}

func (w *world) run(name string) ledger.Run {
	w.Helper()
	run, err := w.ledger().Run(w.Context(), name)
	w.must(err)
	return run
}

// later places the item, requires the error [place.Later], and returns it.
func (w *world) later() *place.Later {
	w.Helper()
	err := w.place()
	var later *place.Later
	if !errors.As(err, &later) {
		w.Fatalf("placing the item returned the error %v, expected Later", err)
	}
	return later
}

// postponed places the item, and requires the error [place.Later], which postpones the
// item.
func (w *world) postponed() {
	w.Helper()
	_ = w.later()
}

func (w *world) fault(f sandbox.Fault) {
	w.Helper()
	if f.Operation == "" {
		f.Operation = testapi.Create
	}
	w.must(w.sandbox.Inject(f))
}

// unknown sends the item once and loses the response. If `acted` is true, the server
// places the order before the response is lost.
func (w *world) unknown(acted bool) {
	w.Helper()
	w.fault(sandbox.Fault{Reset: true, After: acted})
	if later := w.later(); !errors.Is(later, upvest.ErrOutcomeUnknown) {
		w.Fatalf("placing the item returned the error %v, expected ErrOutcomeUnknown", later)
	}
}

// expect checks the outcome of January's item, and how many orders the server has placed.
func (w *world) expect(outcome ledger.Outcome, orders int) {
	w.Helper()
	w.expectFor(january, outcome, orders)
}

// expectLookup lets the last attempt end, places the item again, and checks that a lookup
// has decided it. If `acted` is true, the lookup must have found the order. Otherwise the
// item must have the outcome `missing`, and there must be no order.
func (w *world) expectLookup(acted bool, missing ledger.Outcome) {
	w.Helper()
	w.postponed()
	w.advance(3 * time.Minute)
	w.must(w.place())
	if acted {
		w.expect(ledger.Found, 1)
	} else {
		w.expect(missing, 0)
	}
}

func (w *world) expectFor(run string, outcome ledger.Outcome, orders int) {
	w.Helper()
	item := w.item(run)
	if item.Outcome != outcome {
		w.Errorf("the outcome of the item is %s, expected %s: %s", item.Outcome, outcome, item.Detail)
	}
	if placed := outcome == ledger.Done || outcome == ledger.Found; placed != item.Resource.Valid {
		w.Errorf("the item has the outcome %s and the order %v, expected an order exactly for done and found",
			item.Outcome, item.Resource)
	}
	if got := testapi.Orders(w.sandbox); got != orders {
		w.Errorf("%d orders were placed, expected %d", got, orders)
	}
}

func (w *world) item(run string) ledger.Item {
	w.Helper()
	item, err := w.ledger().Item(w.Context(), w.run(run).ID, w.line.Subject)
	w.must(err)
	return item
}

// order places an order for the account and user of the line, without the fleet.
func (w *world) order(side portfolios.Side, amount string) {
	w.Helper()
	_, err := w.client.Orders.Create(w.Context(), portfolios.OrderRequest{
		AccountID: w.line.Subject, UserID: uuid.MustParse(w.line.Fields[0]), Side: side,
		CashAmount: api.Decimal(amount),
		Currency:   portfolios.CurrencyEUR,
	})
	w.must(err)
}

// rewrite changes every order in the response to the next call to an operation that lists
// orders. The response has the orders that exist now.
func (w *world) rewrite(operation string, change func(order map[string]any)) {
	w.Helper()
	list, err := w.client.Orders.List(w.Context(), portfolios.ListPortfoliosOrdersParams{})
	w.must(err)
	text, err := json.Marshal(list)
	w.must(err)
	var page struct {
		Data []map[string]any `json:"data"`
		Meta map[string]any   `json:"meta"`
	}
	w.must(json.Unmarshal(text, &page))
	for _, order := range page.Data {
		change(order)
	}
	body, err := json.Marshal(page)
	w.must(err)
	w.fault(
		sandbox.Fault{
			Operation:   sandbox.Operation(operation),
			Status:      http.StatusOK,
			Body:        body,
			ContentType: "application/json",
		},
	)
}

// html returns a fault that makes the server respond like a gateway: with an HTML page,
// and without a request id.
func html(status int) sandbox.Fault {
	return sandbox.Fault{
		Status: status, Body: []byte("<html>not here</html>"), ContentType: "text/html",
		Header: http.Header{"Upvest-Request-Id": nil},
	}
}

// probe carries out a probe of January's run, and reports whether the run was resumed.
func (w *world) probe() bool {
	w.Helper()
	isResumed, err := w.placer().Probe(context.WithoutCancel(w.Context()), w.run(january))
	w.must(err)
	return isResumed
}
