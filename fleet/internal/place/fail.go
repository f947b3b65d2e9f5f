package place

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// mostForbidden is the number of 403 responses after which an item goes to review. A 403
// response counts only if it arrives while other items succeed.
const mostForbidden = 5

// fail records the result of an attempt that has failed.
func (t task) fail(ctx context.Context, item ledger.Item, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if !operation.IsRefused(err) {
		return t.failUnknown(ctx, item, err)
	}
	failure, _ := errors.AsType[*upvest.Error](err)
	switch failure.Status {
	case http.StatusBadRequest:
		return t.refuse(ctx, item, err)
	case http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity:
		return t.doubt(ctx, item, err)
	case http.StatusForbidden:
		return t.forbid(ctx, item, err)
	}
	if releasing := t.Ledger.Release(ctx, item); releasing != nil {
		return soon(errors.Join(err, releasing))
	}
	return t.failElsewhere(ctx, item, err)
}

// failUnknown handles an attempt that may have acted: the ledger keeps the attempt. If
// the server has accepted the item with an unreadable response, failUnknown records the
// item as done. If the operation places orders, the item stays open instead, because the
// ledger must contain the id of the order. If the response contains a readable id,
// failUnknown records it, and a lookup decides the item.
func (t task) failUnknown(ctx context.Context, item ledger.Item, err error) error {
	if !errors.Is(err, upvest.ErrAccepted) {
		return t.failElsewhere(ctx, item, err)
	}
	t.Gauge.Succeed(t.run.ID)
	if !t.operation.MakesOrders() {
		return t.finish(ctx, item, ledger.End{Outcome: ledger.Done})
	}
	if id := acceptedID(err); id != uuid.Nil {
		return later(underWay, errors.Join(err, t.Ledger.RecordOrder(ctx, item, id)))
	}
	return err
}

// acceptedID returns the id of an accepted order from a response that is otherwise
// unreadable. It returns the zero id if the response has no readable id.
func acceptedID(err error) uuid.UUID {
	var order struct {
		ID uuid.UUID `json:"id"`
	}
	failure, isAPI := errors.AsType[*upvest.Error](err)
	if !isAPI || json.Unmarshal(failure.Body, &order) != nil {
		return uuid.Nil
	}
	return order.ID
}

// refuse handles an item that the server has refused: it records the item as refused. But
// if an earlier attempt may have taken effect, or if the item places no order, refuse
// leaves the decision to a lookup.
func (t task) refuse(ctx context.Context, item ledger.Item, err error) error {
	t.Gauge.Succeed(t.run.ID)
	if item.Unsure == 1 && t.operation.MakesOrders() {
		return t.finish(ctx, item, ledger.End{Outcome: ledger.Refused, Detail: err.Error()})
	}
	if noting := t.Ledger.Note(ctx, item, ledger.Look, err.Error()); noting != nil {
		return soon(noting)
	}
	return later(underWay, nil)
}

// doubt handles a response with status 404, 409 or 422, which a delay at the server may
// have caused. The refusal counts only if the server still refuses the item with such a
// status a minute later.
func (t task) doubt(ctx context.Context, item ledger.Item, err error) error {
	if !item.Doubted.IsZero() && item.Now.Sub(item.Doubted) >= doubtFor {
		return t.refuse(ctx, item, err)
	}
	t.Gauge.Succeed(t.run.ID)
	doubting := t.Ledger.Doubt(ctx, item, err.Error())
	if writing := errors.Join(doubting, t.Ledger.Release(ctx, item)); writing != nil {
		return soon(writing)
	}
	return later(doubtFor, err)
}

// forbid handles a response with status 403. If this process has had a success for the
// run within the last minute, the response counts against this item. After mostForbidden
// such responses, the item goes to review.
func (t task) forbid(ctx context.Context, item ledger.Item, err error) error {
	if t.Gauge.SucceededWithin(t.run.ID, time.Minute) {
		if item.Forbidden+1 >= mostForbidden {
			return t.finish(ctx, item, ledger.End{Outcome: ledger.Review, Detail: err.Error()})
		}
		if counting := t.Ledger.Forbid(ctx, item); counting != nil {
			return soon(counting)
		}
	}
	if releasing := t.Ledger.Release(ctx, item); releasing != nil {
		return soon(releasing)
	}
	return t.failElsewhere(ctx, item, err)
}

// failLook handles a failed lookup. If the server reports that the looked-up resource
// does not exist, the item goes to review.
func (t task) failLook(ctx context.Context, item ledger.Item, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
	defer cancel()
	if errors.Is(err, upvest.ErrNotFound) && operation.IsDefinite(err) {
		return t.finish(ctx, item, ledger.End{Outcome: ledger.Review, Detail: err.Error()})
	}
	return t.failElsewhere(ctx, item, err)
}

// failElsewhere handles a failure that the item did not cause. After mostFailures of
// these failures in a row, the run is held until a probe succeeds or an operator resumes
// the run. A missing slot or a cancelled context does not count.
func (t task) failElsewhere(ctx context.Context, item ledger.Item, err error) error {
	if errors.Is(err, pace.ErrBusy) || errors.Is(err, context.Canceled) {
		return later(time.Second, nil)
	}
	if t.Gauge.Fail(t.run.ID) {
		err = errors.Join(err, t.Ledger.Hold(ctx, t.run.ID, err.Error(), ProbeInterval))
	}
	return retry(item, err)
}
