-- Takes on what could not be told, or whose teller has died, for one more try; two sweeps never take the same one.
UPDATE told AS t
SET try_count = t.try_count + 1, tried_at = clock()
FROM (
    SELECT
        w.news_key,
        w.place
    FROM told AS w
    WHERE
        w.told_at IS NULL
        AND w.try_count < %(most_tries)s
        AND w.tried_at < clock() - %(wait_seconds)s::float8 * interval '1 s'
        AND w.place = ANY(%(places)s::text[])
    ORDER BY w.tried_at
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
) AS g
WHERE t.news_key = g.news_key AND t.place = g.place
RETURNING t.news_key, t.place, t.subject, t.body
