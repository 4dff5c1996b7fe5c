-- Returns the days of interactions that are over for longer than interactions are kept.
SELECT day
FROM interaction_day
WHERE (day + 1)::timestamp AT TIME ZONE 'UTC' <= clock() - %(days)s::integer * interval '1 day'
ORDER BY day
