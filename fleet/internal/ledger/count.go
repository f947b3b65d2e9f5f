package ledger

import (
	"context"
	"fmt"
)

// Counts says how far a run is.
type Counts struct {
	Waiting, // not begun
	Unknown, // begun, and not known what became of it
	Placed,
	Adopted,
	Refused,
	Review,
	GivenUp int // jobs that River has discarded; their orders are among those that wait or are unknown
}

// Done is how many orders are decided.
func (c Counts) Done() int { return c.Placed + c.Adopted + c.Refused + c.Review }

// Total is the size of the run.
func (c Counts) Total() int { return c.Done() + c.Waiting + c.Unknown }

// Count counts the orders of a run.
func (l *Ledger) Count(ctx context.Context, run string) (c Counts, err error) {
	err = l.row(ctx, `select count(*) filter (where outcome = 'open' and since is null),
		count(*) filter (where outcome = 'look' or outcome = 'open' and since is not null), count(*) filter (where outcome = 'placed'),
		count(*) filter (where outcome = 'adopted'), count(*) filter (where outcome = 'refused'), count(*) filter (where outcome = 'review'),
		(select count(*) from river_job where state = 'discarded' and args->>'run' = $1)
		from fleet_order where run = $1`, run).
		Scan(&c.Waiting, &c.Unknown, &c.Placed, &c.Adopted, &c.Refused, &c.Review, &c.GivenUp)
	if err != nil {
		return c, fmt.Errorf("count the orders of %s: %w", run, err)
	}
	return c, nil
}

// Runs lists all runs, the latest first.
func (l *Ledger) Runs(ctx context.Context) (runs []string, err error) {
	err = l.each(ctx, l.db, func(row scanner) error {
		var run string
		err := row.Scan(&run)
		runs = append(runs, run)
		return err
	}, "select run from fleet_run order by created desc, run")
	if err != nil {
		return nil, fmt.Errorf("list the runs: %w", err)
	}
	return runs, nil
}
