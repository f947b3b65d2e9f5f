package reconcile

import (
	"context"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
)

// items reads the resources of confirmed items one by one, and records their states. If
// `reports` is true, it also reports items whose resources are missing or differ. If
// `reports` is false, it skips the items whose state is final.
func (r *Reconciliation) items(ctx context.Context, reports bool) error {
	var confirmed []ledger.Item
	err := r.Ledger.Items(ctx, r.Run.ID, func(item ledger.Item) error {
		isConfirmed := item.Outcome == ledger.Done || item.Outcome == ledger.Found
		if isConfirmed && (reports || !r.operation.IsSettled(item.State)) {
			confirmed = append(confirmed, item)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, item := range confirmed {
		if err := r.item(ctx, item, reports); err != nil {
			return err
		}
		r.read++
		r.Progress(r.read)
	}
	return nil
}

// item reads the resource of one item. If the resource has a state, item records the
// state. Otherwise, if `reports` is true, it reports a configuration that is missing or
// differs. It does not report a missing order.
func (r *Reconciliation) item(ctx context.Context, item ledger.Item, reports bool) error {
	finding, err := r.operation.Look(
		ctx,
		r.Client,
		operation.Item{Line: item.Line, Claimed: r.Ledger.Claimed},
	)
	if err != nil {
		return err
	}
	if finding.State != "" {
		if finding.State == item.State {
			return nil
		}
		return r.Ledger.SetItemState(ctx, item, finding.State, finding.Detail)
	}
	isThere := finding.Verdict != operation.None && finding.Verdict != operation.Unclear
	if !reports || isThere {
		return nil
	}
	return r.Found(Finding{Kind: Ghost, Subject: item.Subject, Detail: finding.Detail})
}

// judge reports an item if its outcome or the recorded state of its resource is a
// finding.
func (r *Reconciliation) judge(item ledger.Item) error {
	finding := Finding{Subject: item.Subject, Order: item.Resource, Detail: item.Detail}
	isFinal := r.operation.IsSettled(item.State)
	isCancelled := item.State == operation.StateCancelled
	switch item.Outcome {
	case ledger.Open, ledger.Look:
		finding.Kind = Missing
	case ledger.Review:
		finding.Kind = Review
	case ledger.Refused:
		finding.Kind = Refused
	case ledger.Dropped:
		return nil
	case ledger.Done, ledger.Found:
		switch {
		case r.operation.MakesOrders() && isCancelled:
			finding.Kind = Cancelled
		case !r.operation.MakesOrders() && item.State != "" && isFinal && !isCancelled:
			finding.Kind = Failed
			finding.Detail = "the order is " + item.State
		default:
			return nil
		}
	}
	return r.Found(finding)
}
