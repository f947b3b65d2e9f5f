package ledger

import (
	"context"
	"errors"
	"strings"
)

// The times are milliseconds since 1970 on the clock of the database, which is one for all workers.
const schema = `
create table if not exists fleet_run (
	run     {text} primary key,
	created bigint not null
);
create table if not exists fleet_order (
	run      {text} not null references fleet_run (run),
	account  {id} not null,
	user_id  {id} not null,
	side     {text} not null,
	amount   {text} not null,
	currency {text} not null,
	since    bigint,
	last     bigint,
	attempts integer not null default 0,
	outcome  {text} not null default 'open' check (outcome in ('open', 'look', 'placed', 'adopted', 'refused', 'review')),
	order_id {id} unique,
	detail   {text},
	done     bigint,
	primary key (run, account)
){stored};
create table if not exists fleet_pace (
	one  integer primary key check (one = 1),
	next bigint not null,
	gap  bigint not null
);
insert into fleet_pace (one, next, gap) values (1, 0, 3334) on conflict do nothing`

// River's table is vacuumed when a fifth of it is dead, which makes its fetches skip ever more dead entries of a backlog's index.
// The two indexes are for searches by arguments, which nobody makes: the ledger knows the job of an order. They cost more than all others.
const tuning = `
drop index if exists river_job_args_index;
drop index if exists river_job_metadata_index;
alter table river_job set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
	autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02)`

// Migrate makes the tables of the fleet where they are missing. River's have to be there.
func (l *Ledger) Migrate(ctx context.Context) error {
	statements := strings.Split(schema, ";")
	if l.dialect == postgres {
		statements = append(statements, strings.Split(tuning, ";")...)
	}
	for _, statement := range statements {
		if err := l.exec(ctx, l.db, "make the tables of the fleet", statement); err != nil {
			return err
		}
	}
	return nil
}

// Settle brings the planner's statistics up to date after many rows were added: a plan for an empty table sorts a backlog for each fetch.
func (l *Ledger) Settle(ctx context.Context) error {
	const what = "bring the planner's statistics up to date"
	return errors.Join(l.exec(ctx, l.db, what, "analyze river_job"), l.exec(ctx, l.db, what, "analyze fleet_order"))
}
