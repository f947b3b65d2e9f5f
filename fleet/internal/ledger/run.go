package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
)

// RunState is the state that operators set for a run.
type RunState string

// The states of a run.
const (
	Running   RunState = "running"
	Paused    RunState = "paused"
	Cancelled RunState = "cancelled"
)

// Run is a named list of items that share an operation.
type Run struct {
	ID        int64
	Name      string
	Operation string
	State     RunState
	Priority  int // 1 is the most urgent, 4 the least
	Hash      string
	Who       string
	Created   time.Time
	// Held is the reason why the fleet holds the run until a probe succeeds, or empty.
	Held string
	// Followed is when a worker last began to read the states of the run's orders from
	// the server.
	Followed time.Time
}

var (
	// ErrNoRun is returned if the ledger contains no runs.
	ErrNoRun = errors.New("there is no run yet")
	// ErrUnknownRun is returned if no run has the requested name.
	ErrUnknownRun = errors.New("there is no such run")
)

const runColumns = `id, name, operation, state, priority, hash, who, created, coalesce(held, ''), followed`

func (r *Run) scan(row interface{ Scan(fields ...any) error }) error {
	var created, followed int64
	err := row.Scan(
		&r.ID,
		&r.Name,
		&r.Operation,
		&r.State,
		&r.Priority,
		&r.Hash,
		&r.Who,
		&created,
		&r.Held,
		&followed,
	)
	r.Created = timeOf(created)
	r.Followed = timeOf(followed)
	return err
}

// CreateRun creates a run in the caller's transaction and returns it. If the ledger is
// marked as restored, the time of the dump is the latest creation time of the run,
// because the dump may lack an earlier copy of the run. If a run with this name exists,
// CreateRun returns the existing run if it has the same operation, and an error
// otherwise.
func (l *Ledger) CreateRun(ctx context.Context, tx *sql.Tx, run Run) (Run, error) {
	const what = "create the run"
	_, err := l.DB.Exec(
		ctx,
		tx,
		what,
		`insert into {schema}fleet_run (name, operation, priority, hash, who, created)
		values ($1, $2, $3, $4, $5, (
			select {least}({now}, coalesce(restored, {now})) from {schema}fleet_setting))
		on conflict (name) do nothing`,
		run.Name,
		run.Operation,
		run.Priority,
		run.Hash,
		run.Who,
	)
	if err != nil {
		return Run{}, err
	}
	var created Run
	err = created.scan(
		l.DB.Row(ctx, tx, "select "+runColumns+" from {schema}fleet_run where name = $1", run.Name),
	)
	if err == nil && created.Operation != run.Operation {
		return Run{}, fmt.Errorf(
			"%s: run %s already exists with the operation %s: use a different name",
			what,
			run.Name,
			created.Operation,
		)
	}
	return created, database.Wrap(what, err)
}

// Run returns the run with the given name, or the latest run if the name is empty.
func (l *Ledger) Run(ctx context.Context, name string) (Run, error) {
	const what = "look for the run"
	condition := "name = $1"
	missing := fmt.Errorf("%s %s: %w", what, name, ErrUnknownRun)
	if name == "" {
		condition = "$1 = '' order by id desc limit 1"
		missing = fmt.Errorf("%s: %w", what, ErrNoRun)
	}
	var run Run
	err := run.scan(
		l.DB.Row(ctx, l.DB.SQL, "select "+runColumns+" from {schema}fleet_run where "+condition, name),
	)
	if errors.Is(err, sql.ErrNoRows) {
		return Run{}, missing
	}
	return run, database.Wrap(what, err)
}

// RunsWhere returns the runs that meet an SQL condition, the most urgent first.
func (l *Ledger) RunsWhere(ctx context.Context, condition string, arguments ...any) (runs []Run, err error) {
	err = l.DB.Each(ctx, l.DB.SQL, "look for runs", func(rows *sql.Rows) error {
		var run Run
		if err := run.scan(rows); err != nil {
			return err
		}
		runs = append(runs, run)
		return nil
	}, "select "+runColumns+" from {schema}fleet_run where "+condition+" order by priority, id", arguments...)
	return runs, err
}

// SetState sets the state of a run. A cancelled run stays cancelled.
func (l *Ledger) SetState(ctx context.Context, run int64, state RunState) error {
	const what = "set the state of the run"
	changed, err := l.DB.Exec(ctx, l.DB.SQL, what,
		"update {schema}fleet_run set state = $2 where id = $1 and state <> 'cancelled'", run, string(state))
	if err == nil && changed == 0 {
		err = fmt.Errorf("%s: the run is cancelled, which is final", what)
	}
	return err
}

// SetPriority sets how urgent a run is.
func (l *Ledger) SetPriority(ctx context.Context, run int64, priority int) error {
	return l.exec(ctx, "set the priority of the run",
		"update {schema}fleet_run set priority = $2 where id = $1", run, priority)
}

// Hold stops a run until [Ledger.Unhold] resumes it, and records the reason and the time
// of the first probe.
func (l *Ledger) Hold(ctx context.Context, run int64, reason string, probeIn time.Duration) error {
	return l.exec(ctx, "hold the run", `update {schema}fleet_run set held = $2, probe = {now} + $3
		where id = $1 and held is null`, run, reason, probeIn.Milliseconds())
}

// Unhold resumes a held run.
func (l *Ledger) Unhold(ctx context.Context, run int64) error {
	return l.exec(
		ctx,
		"resume the run",
		"update {schema}fleet_run set held = null, probe = null where id = $1",
		run,
	)
}

// ClaimProbe reports whether the caller has to probe a held run now. If so, the next
// probe is due after the interval.
func (l *Ledger) ClaimProbe(ctx context.Context, run int64, interval time.Duration) (bool, error) {
	changed, err := l.DB.Exec(ctx, l.DB.SQL, "claim the probe of the run", `update {schema}fleet_run
		set probe = {now} + $2 where id = $1 and held is not null and probe <= {now}`,
		run, interval.Milliseconds())
	return changed == 1, err
}

// isDue is the SQL condition for comparing an unsettled run with the server. The time
// since the last comparison must be at least the interval, and at least a twentieth of
// the run's age.
const isDue = "settled = 0 and followed <= {now} - {greatest}($1, ({now} - created) / 20)"

// Unsettled returns the unsettled runs that are due for a comparison with the server.
func (l *Ledger) Unsettled(ctx context.Context, interval time.Duration) ([]Run, error) {
	return l.RunsWhere(ctx, isDue, interval.Milliseconds())
}

// ClaimFollowing reports whether the caller has to compare a run with the server now.
func (l *Ledger) ClaimFollowing(ctx context.Context, run int64, interval time.Duration) (bool, error) {
	changed, err := l.DB.Exec(
		ctx,
		l.DB.SQL,
		"claim the comparison of the run with the server",
		"update {schema}fleet_run set followed = {now} where "+isDue+" and id = $2",
		interval.Milliseconds(),
		run,
	)
	return changed == 1, err
}

// Reopen marks a settled run as unsettled, so that workers resume comparing it with the
// server. It uses the caller's transaction.
func (l *Ledger) Reopen(ctx context.Context, tx *sql.Tx, run int64) error {
	_, err := l.DB.Exec(
		ctx,
		tx,
		"reopen the run",
		"update {schema}fleet_run set settled = 0 where id = $1 and settled <> 0",
		run,
	)
	return err
}

// Settle records whether all items of a run are decided and settled. Workers no longer
// compare a settled run with the server.
func (l *Ledger) Settle(ctx context.Context, run int64, isSettled bool) error {
	return l.exec(
		ctx,
		"record that the run is settled",
		"update {schema}fleet_run set settled = $2 where id = $1",
		run,
		number(isSettled),
	)
}
