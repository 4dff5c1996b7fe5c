-- Says how the partitions of interactions stand: how many there are, until when they are made ahead, how many rows the
-- default one holds (counted up to `most`), and whether a move of set-aside rows was left unfinished. Cheap enough for
-- every sweep.
SELECT
    count(d.day) AS day_count,
    (clock() AT TIME ZONE 'UTC')::date AS today,
    max(d.day) AS last_day,
    count_default_interactions(%(most)s) AS default_count,
    pg_relation_size('interaction_aside') > 0 AS has_aside
FROM interaction_day AS d
