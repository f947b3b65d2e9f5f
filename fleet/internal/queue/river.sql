-- By default, River's table is vacuumed when a fifth of its rows is dead. Until then,
-- fetches skip more and more dead entries in the index of a large backlog. The two
-- indexes serve searches by arguments, which the fleet does not make, and cost more than
-- all others.
drop index if exists {schema}river_job_args_index;
drop index if exists {schema}river_job_metadata_index;
alter table {schema}river_job set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
	autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02)
