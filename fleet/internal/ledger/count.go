package ledger

import (
	"context"
	"database/sql"
	"errors"
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
	return c, wrap("count the orders of "+run, err)
}

// ErrNoRun is the error of a ledger without runs.
var ErrNoRun = errors.New("there is no run yet")

// Latest returns the name of the latest run.
func (l *Ledger) Latest(ctx context.Context) (run string, err error) {
	err = l.row(ctx, "select run from fleet_run order by created desc, run limit 1").Scan(&run)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoRun
	}
	return run, wrap("look for the latest run", err)
}
