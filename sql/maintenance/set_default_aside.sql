-- Sets the rows of the default partition aside and makes partitions for these days; returns how many were made.
SELECT set_default_interactions_aside(%(days)s::date[]) AS made_count
