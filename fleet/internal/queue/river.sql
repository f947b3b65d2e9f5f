-- River's table is vacuumed when a fifth of it is dead, which makes its fetches skip ever more
-- dead entries of a backlog's index. The two indexes serve searches by arguments, which the
-- fleet does not make, and cost more than all others.
drop index if exists {schema}river_job_args_index;
drop index if exists {schema}river_job_metadata_index;
alter table {schema}river_job set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
	autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02)
