-- Returns what is another value whenever a newest opener was added or raised, or a person was erased.
SELECT
    count(*) AS people,
    max(opener_at) AS newest_at,
    sum(extract(EPOCH FROM opener_at)) AS opener_sum
FROM last_interaction
