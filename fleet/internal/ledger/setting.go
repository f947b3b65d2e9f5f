package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// SetRate sets how many requests a second all workers together may send. A rate of 0
// lifts the limit.
func (l *Ledger) SetRate(ctx context.Context, db database.Querier, perSecond uint) error {
	var gap uint
	if perSecond > 0 {
		// rounded up, so that workers stay within the limit
		gap = (1_000_000 + perSecond - 1) / perSecond
	}
	_, err := l.DB.Exec(ctx, db, "set the rate", "update {schema}fleet_setting set gap = $1, next = 0", gap)
	return err
}

// Rate returns the limit of requests a second, or 0 if there is none.
func (l *Ledger) Rate(ctx context.Context) (perSecond float64, err error) {
	var gap int64
	err = l.DB.Row(ctx, l.DB.SQL, "select gap from {schema}fleet_setting").Scan(&gap)
	if err != nil || gap == 0 {
		return 0, database.Wrap("read the rate", err)
	}
	return 1_000_000 / float64(gap), nil
}

// Lease reserves consecutive slots of the limit that all workers share. The first slot is
// due after the duration `wait`, and the slots are `gap` apart. Without a limit, `gap` is
// 0.
func (l *Ledger) Lease(ctx context.Context, slots int) (wait, gap time.Duration, err error) {
	var next, micros, now int64
	err = l.DB.Row(
		ctx,
		l.DB.SQL,
		`update {schema}fleet_setting set next = {greatest}(next, {clock} * 1000) + $1 * gap
		returning next, gap, {clock} * 1000`,
		slots,
	).Scan(
		&next,
		&micros,
		&now,
	)
	if err != nil {
		return 0, 0, database.Wrap("lease slots", err)
	}
	first := next - int64(slots)*micros
	return time.Duration(first-now) * time.Microsecond, time.Duration(micros) * time.Microsecond, nil
}

// Defer delays the next slots of all workers until at least the duration `wait` has
// passed, because the server has asked for fewer requests.
func (l *Ledger) Defer(ctx context.Context, wait time.Duration) error {
	return l.exec(ctx, "defer the next slots",
		"update {schema}fleet_setting set next = {greatest}(next, {clock} * 1000 + $1)", wait.Microseconds())
}

// Settings are the settings of the whole fleet.
type Settings struct {
	// Halted is the reason why no worker may send items, or empty; see [Ledger.Halt].
	Halted string
	// Restored is the time of the dump that the ledger was restored from; see
	// [Ledger.MarkRestored].
	Restored time.Time
}

// Settings returns the settings of the fleet.
func (l *Ledger) Settings(ctx context.Context) (s Settings, err error) {
	var restored int64
	err = l.DB.Row(
		ctx,
		l.DB.SQL,
		"select coalesce(halted, ''), coalesce(restored, 0) from {schema}fleet_setting",
	).
		Scan(
			&s.Halted,
			&restored,
		)
	s.Restored = timeOf(restored)
	return s, database.Wrap("read the settings", err)
}

// MarkRestored records that the ledger was restored from a dump made at the time `since`.
// Attempts after this time may be missing from the ledger. Until [Ledger.LiftRestored]
// removes the mark, workers look up every item before they send it.
func (l *Ledger) MarkRestored(ctx context.Context, since time.Time) error {
	const what = "mark the ledger as restored"
	var now int64
	err := l.DB.Row(ctx, l.DB.SQL, "select {now}").Scan(&now)
	if err != nil {
		return database.Wrap(what, err)
	}
	if since.UnixMilli() > now {
		return fmt.Errorf(
			"%s: %s is in the future: use the time of the dump",
			what,
			since.Format(time.RFC3339),
		)
	}
	return l.exec(
		ctx,
		what,
		"update {schema}fleet_setting set restored = {least}(coalesce(restored, $1), $1), marked = {now}",
		since.UnixMilli(),
	)
}

// LiftRestored removes the mark of [Ledger.MarkRestored].
func (l *Ledger) LiftRestored(ctx context.Context) error {
	return l.exec(ctx, "lift the mark", "update {schema}fleet_setting set restored = null, marked = null")
}

// Halt records a reason, and stops all workers from sending items until [Ledger.Unhalt]
// is called.
func (l *Ledger) Halt(ctx context.Context, reason string) error {
	return l.exec(ctx, "halt the fleet", "update {schema}fleet_setting set halted = $1", reason)
}

// Unhalt resumes a halted fleet.
func (l *Ledger) Unhalt(ctx context.Context) error {
	return l.exec(
		ctx,
		"resume the fleet",
		"update {schema}fleet_setting set halted = null where halted is not null",
	)
}

// Entry is a command in the audit trail.
type Entry struct {
	At                        time.Time
	Who, Command, Run, Detail string
}

// Record adds a command to the audit trail.
func (l *Ledger) Record(ctx context.Context, e Entry) error {
	return l.exec(ctx, "record the command",
		"insert into {schema}fleet_audit (at, who, command, run, detail) values ({now}, $1, $2, $3, $4)",
		e.Who, e.Command, e.Run, e.Detail)
}

// Trail calls handle for the entries of the audit trail, the oldest first.
func (l *Ledger) Trail(ctx context.Context, handle func(Entry) error) error {
	return l.DB.Each(ctx, l.DB.SQL, "read the audit trail", func(rows *sql.Rows) error {
		var e Entry
		var at int64
		if err := rows.Scan(&at, &e.Who, &e.Command, &e.Run, &e.Detail); err != nil {
			return err
		}
		e.At = timeOf(at)
		return handle(e)
	}, "select at, who, command, run, detail from {schema}fleet_audit order by at")
}

// ClaimClockProbe reports whether the caller has to compare the clocks now, because the
// fleet is halted and no other worker has compared them within the interval.
func (l *Ledger) ClaimClockProbe(ctx context.Context, interval time.Duration) (bool, error) {
	changed, err := l.DB.Exec(ctx, l.DB.SQL, "claim the probe of the clock", `update {schema}fleet_setting
		set probe = {now} + $1 where halted is not null and probe <= {now}`, interval.Milliseconds())
	return changed == 1, err
}
