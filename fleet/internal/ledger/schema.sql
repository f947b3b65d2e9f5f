-- These are the tables of the fleet for PostgreSQL and SQLite. Package database replaces
-- the words in braces with the SQL of the database. Comments must not contain a
-- semicolon, because a semicolon ends a statement. Times are milliseconds since 1970 on
-- the clock of the database. Only the columns next and gap are in microseconds.
create table {schema}fleet_run (
	id        {number} primary key,
	name      {text} not null unique,
	operation {text} not null,
	state     {text} not null default 'running' check (state in ('running', 'paused', 'cancelled')),
	priority  integer not null check (priority between 1 and 4),
	hash      {text} not null,
	who       {text} not null,
	created   bigint not null,
	held      {text},
	probe     bigint,
	followed  bigint not null default 0,
	settled   integer not null default 0
);
create table {schema}fleet_item (
	run       integer not null references {schema}fleet_run (id),
	subject   {id} not null,
	body      {text} not null,
	outcome   {text} not null default 'open'
		check (outcome in ('open', 'look', 'done', 'found', 'refused', 'review', 'cancelled')),
	attempts  integer not null default 0,
	unsure    integer not null default 0,
	forbidden integer not null default 0,
	since     bigint,
	last      bigint,
	doubted   bigint,
	done      bigint,
	resource  {id},
	status    {text},
	detail    {text},
	primary key (run, subject)
){stored};
-- The index is partial, so enqueueing a line adds no entry to it.
create unique index fleet_item_resource on {schema}fleet_item (resource) where resource is not null;
create table {schema}fleet_setting (
	one      integer primary key check (one = 1),
	next     bigint not null,
	gap      bigint not null,
	restored bigint,
	marked   bigint,
	halted   {text},
	probe    bigint not null default 0
);
insert into {schema}fleet_setting (one, next, gap) values (1, 0, 3334);
create table {schema}fleet_audit (
	at      bigint not null,
	who     {text} not null,
	command {text} not null,
	run     {text} not null,
	detail  {text} not null
)
