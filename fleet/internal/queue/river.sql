-- By default, PostgreSQL vacuums River's table when a fifth of its rows are dead. Until
-- then, each fetch skips more and more dead entries in the index of a large backlog. The
-- two indexes that are dropped here cost more than all other indexes, and the fleet makes
-- no search that uses them.
drop index if exists {schema}river_job_args_index;
drop index if exists {schema}river_job_metadata_index;
alter table {schema}river_job set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
	autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02)
