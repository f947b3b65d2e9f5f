// Package reconcile compares a run with the resources at the server.
package reconcile

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// pageSize is how many orders from the server are compared at a time.
const pageSize = 1000

// Kind is the kind of a finding.
type Kind string

// The kinds of findings.
const (
	Missing Kind = "missing" // an item that is not decided yet
	Similar Kind = "similar" // an order that matches an undecided item
	Double  Kind = "double"  // a second order that matches a confirmed item
	// Stray is an order of an account of the run that belongs to no item, and matches no
	// item that is undecided, confirmed or in review.
	Stray Kind = "stray"
	// Ghost is a confirmed item whose order or configuration is missing at the server, or
	// whose configuration differs.
	Ghost     Kind = "ghost"
	Cancelled Kind = "cancelled" // a confirmed item whose order is cancelled
	Failed    Kind = "failed"    // an accepted cancellation of an order that was filled
	Review    Kind = "review"    // an item that a person has to decide
	Refused   Kind = "refused"   // an item that was refused
)

// Kinds returns all kinds, in the order of the report.
func Kinds() []Kind {
	return []Kind{Missing, Similar, Double, Stray, Ghost, Cancelled, Failed, Review, Refused}
}

// Finding is a difference between the ledger and the server, or an item that needs
// attention.
type Finding struct {
	Kind    Kind
	Subject uuid.UUID
	Order   uuid.NullUUID
	Detail  string
}

// Reconciliation compares one run with the server.
type Reconciliation struct {
	Ledger *ledger.Ledger
	Client *upvest.Client
	Run    ledger.Run
	// Until excludes orders that were created after this time. The zero time excludes no
	// order.
	Until time.Time
	// Found receives every finding.
	Found func(Finding) error
	// Progress receives the number of orders or resources read from the server so far.
	Progress func(read int)

	operation operation.Operation
	now       time.Time
	read      int
}

// All compares the run with the server, and returns how many orders or resources it read
// from the server. If the items place orders, it reads all orders since the run began.
// Otherwise it reads the resource of each confirmed item.
func (r *Reconciliation) All(ctx context.Context) (read int, err error) {
	if err := r.begin(ctx); err != nil {
		return 0, err
	}
	maker, makesOrders := r.operation.(operation.OrderMaker)
	if makesOrders {
		err = r.orders(ctx, func(page []operation.Candidate, after, upTo uuid.UUID) error {
			return r.compare(ctx, maker, page, after, upTo)
		})
	} else {
		err = r.items(ctx, true)
	}
	if err != nil {
		return r.read, err
	}
	return r.read, r.Ledger.Items(ctx, r.Run.ID, r.judge)
}

// Follow reads the states of the run's orders, and records whether the whole run is
// settled.
func (r *Reconciliation) Follow(ctx context.Context) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	var err error
	if r.operation.MakesOrders() {
		err = r.orders(ctx, func(page []operation.Candidate, _, _ uuid.UUID) error {
			return r.Ledger.SetStates(ctx, r.Run.ID, rows(page))
		})
	} else if !r.operation.IsSettled("") {
		err = r.items(ctx, false)
	}
	if err != nil {
		return err
	}
	counts, err := r.Ledger.Count(ctx, r.Run.ID)
	if err != nil {
		return err
	}
	return r.Ledger.Settle(
		ctx,
		r.Run.ID,
		counts.Open() == 0 && UnderWay(r.operation, counts) == 0,
	)
}

// UnderWay returns how many confirmed items of a run have no final state at the server
// yet.
func UnderWay(o operation.Operation, counts ledger.Counts) (count int) {
	for state, items := range counts.States {
		if !o.IsSettled(state) {
			count += items
		}
	}
	return count
}

func (r *Reconciliation) begin(ctx context.Context) (err error) {
	r.operation, err = operation.Named(r.Run.Operation)
	if err != nil {
		return err
	}
	r.now, err = r.Ledger.Clock(ctx)
	if r.Progress == nil {
		r.Progress = func(int) {}
	}
	return err
}

// orders calls handle with the server's orders since the run began, up to the time Until,
// in pages sorted by id. Each page has the orders whose ids are above `after` and not
// above `upTo`.
func (r *Reconciliation) orders(
	ctx context.Context, handle func(page []operation.Candidate, after, upTo uuid.UUID) error,
) error {
	since := r.Run.Created.Add(-place.Skew)
	limit := portfolios.Limit(pageSize)
	params := portfolios.ListPortfoliosOrdersParams{StartDate: &since, Limit: &limit}
	if !r.Until.IsZero() {
		params.EndDate = &r.Until
	}
	var last, handled uuid.UUID
	page := make([]operation.Candidate, 0, pageSize)
	for order, err := range operation.Orders(ctx, r.Client, params) {
		if err != nil {
			return err
		}
		if bytes.Compare(last[:], order.ID[:]) >= 0 {
			return fmt.Errorf(
				"read the orders of the server: they are not sorted by id: %s comes before %s",
				last,
				order.ID,
			)
		}
		last = order.ID
		page = append(page, order)
		if len(page) < pageSize {
			continue
		}
		if err := r.handle(page, handled, last, handle); err != nil {
			return err
		}
		handled = last
		page = page[:0]
	}
	return r.handle(page, handled, uuid.Max, handle)
}

func (r *Reconciliation) handle(
	page []operation.Candidate, after, upTo uuid.UUID,
	handle func(page []operation.Candidate, after, upTo uuid.UUID) error,
) error {
	r.read += len(page)
	r.Progress(r.read)
	return handle(page, after, upTo)
}

// compare compares a page of the server's orders with the items of the run, and reports
// the differences.
func (r *Reconciliation) compare(
	ctx context.Context, maker operation.OrderMaker, page []operation.Candidate, after, upTo uuid.UUID,
) error {
	if err := r.Ledger.SetStates(ctx, r.Run.ID, rows(page)); err != nil {
		return err
	}
	byID := ordersByID(page)
	unclaimed := map[uuid.UUID]ledger.Item{}
	err := r.Ledger.Unclaimed(ctx, r.Run.ID, rows(page), func(id uuid.UUID, item ledger.Item) error {
		unclaimed[id] = item
		return nil
	})
	if err != nil {
		return err
	}
	for id, item := range unclaimed {
		if err := r.unclaimed(maker, byID[id], item); err != nil {
			return err
		}
	}
	decided := r.now
	if !r.Until.IsZero() && r.Until.Before(decided) {
		decided = r.Until.Add(-place.Skew)
	}
	return r.Ledger.Ghosts(ctx, r.Run.ID, after, upTo, decided, rows(page), func(item ledger.Item) error {
		return r.Found(Finding{Ghost, item.Subject, item.Resource, "the server does not return the order"})
	})
}

func ordersByID(page []operation.Candidate) map[uuid.UUID]operation.Candidate {
	byID := make(map[uuid.UUID]operation.Candidate, len(page))
	for _, order := range page {
		byID[order.ID] = order
	}
	return byID
}

// unclaimed handles an order that belongs to no item, although its account is in the run.
// It reports the order unless Upvest itself placed the order, or the order matches an
// item in review.
func (r *Reconciliation) unclaimed(
	maker operation.OrderMaker,
	order operation.Candidate,
	item ledger.Item,
) error {
	finding := Finding{
		Subject: item.Subject, Order: uuid.NullUUID{UUID: order.ID, Valid: true},
		Detail: fmt.Sprintf(
			"%s %s %s %s, the item is %s",
			order.Type,
			order.Amount,
			order.Currency,
			order.Status,
			item.Outcome,
		),
	}
	isAlike := maker.Resembles(item.Line, order)
	switch {
	case order.Flow != "" && order.Flow != "API": // Upvest placed the order, not a client
		return nil
	case isAlike && (item.Outcome == ledger.Done || item.Outcome == ledger.Found):
		finding.Kind = Double
	case isAlike && !item.Outcome.Decided():
		finding.Kind = Similar
	case isAlike && item.Outcome == ledger.Review: // the report already contains the item
		return nil
	default:
		finding.Kind = Stray
	}
	return r.Found(finding)
}

func rows(page []operation.Candidate) []ledger.Order {
	orders := make([]ledger.Order, len(page))
	for i, order := range page {
		orders[i] = ledger.Order{ID: order.ID, Account: order.Account, State: order.Status}
		if order.Status == operation.StateCancelled {
			detail := "cancelled: " + cmp.Or(order.CancelCode, "the server gives no reason")
			orders[i].Detail = &detail
		}
	}
	return orders
}
