-- Returns the days (of UTC) that should have a partition of interactions and have none: those ahead, and those kept
-- days of which the default partition, or what was set aside of it, holds rows. `is_held` says that the default one
-- holds some: then a partition can be made only after it was set aside.
WITH today AS (
    SELECT (clock() AT TIME ZONE 'UTC')::date AS day
),

held AS (
    SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM interaction_default
),

wished AS (
    SELECT t.day + n.ahead AS day
    FROM today AS t
    CROSS JOIN generate_series(0, %(days_ahead)s::integer) AS n (ahead)
    UNION
    SELECT h.day
    FROM held AS h
    UNION
    SELECT DISTINCT (a.occurred_at AT TIME ZONE 'UTC')::date
    FROM interaction_aside AS a
)

SELECT
    w.day,
    h.day IS NOT NULL AS is_held
FROM wished AS w
CROSS JOIN today AS t
LEFT JOIN held AS h ON w.day = h.day
WHERE
    w.day BETWEEN t.day - %(days)s::integer AND t.day + %(days_ahead)s::integer
    AND NOT EXISTS (SELECT 1 FROM interaction_day AS d WHERE d.day = w.day)
ORDER BY w.day
