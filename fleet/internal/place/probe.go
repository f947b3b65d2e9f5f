package place

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// ProbeInterval is the time between two probes of a held run or a halted fleet.
const ProbeInterval = 15 * time.Second

// Probe tries one undecided item of a held run. It resumes the run, and returns true,
// unless the try fails for a reason other than the item. If no request is sent for the
// item, a read request takes the place of the try.
func (p *Placer) Probe(ctx context.Context, run ledger.Run) (isResumed bool, err error) {
	before := p.Gauge.Successes(run.ID)
	subject, err := p.Ledger.OneOpen(ctx, run.ID)
	if err != nil {
		return false, err
	}
	if subject.Valid {
		err = p.Place(ctx, run, subject.UUID, true)
	}
	if p.Gauge.Successes(run.ID) == before {
		if hasFailed(err) {
			return false, nil
		}
		// No request for the item worked, but none failed either, so a read request shows
		// whether the API responds.
		_, err = p.date(ctx)
		if hasFailed(err) {
			return false, nil
		}
	}
	return true, p.Ledger.Unhold(ctx, run.ID)
}

// hasFailed reports whether an error results from a failure, such as a failed request. A
// [Later] without a cause does not: it merely postpones the item.
func hasFailed(err error) bool {
	if postponed, isLater := errors.AsType[*Later](err); isLater {
		return postponed.Cause != nil
	}
	return err != nil
}

// ProbeClock compares the clock of the database with the Date header of a small response
// from the API, and resumes a halted fleet if the two times differ by at most [Skew]. If
// they differ by more, ProbeClock halts the fleet and returns an error. If it cannot
// compare them, it returns an error and changes nothing.
func (p *Placer) ProbeClock(ctx context.Context) error {
	date, err := p.date(ctx)
	if err != nil {
		return err
	}
	if date.IsZero() {
		return errors.New("compare the clocks: the response has no usable Date")
	}
	if err := p.CheckClock(ctx, date); err != nil {
		return err
	}
	return p.Ledger.Unhalt(ctx)
}

// date returns the Date header of a small response from the API, or the zero time if the
// response has no usable Date header.
func (p *Placer) date(ctx context.Context) (time.Time, error) {
	limit := portfolios.Limit(1)
	params := portfolios.ListPortfoliosOrdersParams{Limit: &limit}
	var response upvest.Response
	_, err := p.Client.Orders.List(ctx, params, upvest.WithResponse(&response))
	if err != nil {
		return time.Time{}, fmt.Errorf("probe the API: %w", err)
	}
	return operation.DateOf(&response), nil
}
