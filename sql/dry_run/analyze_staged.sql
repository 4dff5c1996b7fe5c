-- Counts the staged rows for the planner: nothing else analyzes a temporary table, and the planner takes it for small.
ANALYZE pg_temp.staged_row, pg_temp.problem
