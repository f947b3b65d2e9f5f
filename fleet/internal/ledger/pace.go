package ledger

import (
	"context"
	"time"
)

// SetRate sets how many requests a second all workers together may send; 0 lifts the limit.
func (l *Ledger) SetRate(ctx context.Context, perSecond uint) error {
	var gap uint
	if perSecond > 0 {
		gap = (1_000_000 + perSecond - 1) / perSecond // rounded up: the limit holds
	}
	return l.exec(ctx, l.db, "set the rate", "update fleet_pace set gap = $1, next = 0", gap)
}

// Lease takes a number of slots in a row out of those that all workers share. The first is due after a wait, each further one a gap later;
// without a limit the gap is 0.
func (l *Ledger) Lease(ctx context.Context, slots int) (wait, gap time.Duration, err error) {
	var next, micros, now int64
	err = l.row(ctx, `update fleet_pace set next = {greatest}(next, {clock} * 1000) + $1 * gap returning next, gap, {clock} * 1000`, slots).
		Scan(&next, &micros, &now)
	first := next - int64(slots)*micros
	return time.Duration(first-now) * time.Microsecond, time.Duration(micros) * time.Microsecond, wrap("lease slots", err)
}

// Defer keeps all workers from taking slots for a time, as the server wants fewer requests.
func (l *Ledger) Defer(ctx context.Context, wait time.Duration) error {
	return l.exec(ctx, l.db, "put the next slots off", "update fleet_pace set next = {greatest}(next, {clock} * 1000 + $1)", wait.Microseconds())
}
