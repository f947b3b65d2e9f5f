package place

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
)

// look handles an item that [ledger.Ledger.Start] did not begin: the item needs a lookup,
// or its run is cancelled. It asks the server whether the item was carried out, and sends
// the item if it was not.
func (t task) look(ctx context.Context, item ledger.Item) error {
	if wait := lookIn(item); wait > 0 {
		return later(wait, nil)
	}
	finding, err := t.operation.Look(ctx, t.Client, t.itemOf(item))
	if err != nil {
		return t.failLook(ctx, item, err)
	}
	t.Gauge.Succeed(t.run.ID)
	if err := t.CheckClock(ctx, finding.Date); err != nil {
		return soon(err)
	}
	end := ledger.End{Resource: finding.Resource, State: finding.State, Detail: finding.Detail}
	switch finding.Verdict {
	case operation.One:
		end.Outcome = ledger.Found
	case operation.Several, operation.Unclear:
		end.Outcome = ledger.Review
	case operation.Refused:
		end.Outcome = ledger.Refused
	case operation.None:
		return t.sendMissing(ctx, item)
	}
	return t.finish(ctx, item, end)
}

// sendMissing sends an item that a lookup did not find at the server, unless the server
// has refused the item or the run is cancelled. In these two cases, it instead records
// the item as refused or as cancelled.
func (t task) sendMissing(ctx context.Context, item ledger.Item) error {
	switch {
	case item.Outcome == ledger.Look:
		return t.finish(ctx, item, ledger.End{Outcome: ledger.Refused, Detail: item.Detail})
	case item.RunState == ledger.Cancelled:
		return t.finish(ctx, item, ledger.End{Outcome: ledger.Dropped})
	}
	hasBegun, err := t.Ledger.Restart(ctx, &item, t.isProbe)
	if err != nil {
		return soon(err)
	}
	if !hasBegun {
		return later(time.Second, nil)
	}
	return t.send(ctx, item)
}

// lookIn returns for how long the latest attempt may still act. Until this time has
// passed, a lookup that finds nothing proves nothing. A restored ledger may lack an
// attempt that began just before the ledger was marked as restored. The time therefore
// begins at the mark if no later attempt is recorded.
func lookIn(item ledger.Item) time.Duration {
	last := item.Last
	if item.Marked.After(last) {
		last = item.Marked
	}
	if last.IsZero() {
		return 0
	}
	return underWay - item.Now.Sub(last)
}

// itemOf returns the item with the time in which the server can have carried out its
// attempts.
func (t task) itemOf(item ledger.Item) operation.Item {
	asked := operation.Item{
		Line: item.Line, Given: item.Resource, Claimed: t.Ledger.Claimed,
		From: item.Since.Add(-Skew), To: item.Last.Add(underWay + Skew),
	}
	if item.Since.IsZero() {
		asked.From = item.RunCreated.Add(-Skew)
		asked.To = time.Time{}
	}
	if !item.Restored.IsZero() {
		asked.From = item.RunCreated.Add(-Skew)
		if item.Restored.Before(item.RunCreated) {
			asked.From = item.Restored.Add(-Skew)
		}
		asked.To = time.Time{}
	}
	return asked
}

// CheckClock halts the whole fleet and returns an error if the date of a response differs
// by more than [Skew] from the clock of the database, because the times of attempts and
// orders are then not comparable. It ignores a zero date.
func (p *Placer) CheckClock(ctx context.Context, date time.Time) error {
	if date.IsZero() {
		return nil
	}
	now, err := p.Ledger.Clock(ctx)
	if err != nil {
		return err
	}
	difference := now.Sub(date)
	if difference.Abs() <= Skew {
		return nil
	}
	reason := fmt.Sprintf("the clock of the database differs from Upvest's by %s: correct it; "+
		"a difference of at most %s is accepted", difference.Round(time.Second), Skew)
	return errors.Join(errors.New(reason), p.Ledger.Halt(ctx, reason))
}
