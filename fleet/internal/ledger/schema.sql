-- The tables of the fleet, in the words of PostgreSQL and SQLite: ledger.go says what each makes of those in braces.
-- The times are milliseconds since 1970 on the clock of the database, which is one for all workers.
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
insert into fleet_pace (one, next, gap) values (1, 0, 3334) on conflict do nothing
