-- Counts the messages of a dry run for the planner, as `analyze_staged` does the staged rows.
ANALYZE pg_temp.message_list
