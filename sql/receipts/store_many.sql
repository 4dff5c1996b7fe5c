-- Keeps webhook bodies as they came, the same bytes once, and returns how many of them were new. They are kept in the
-- order of their hashes, so that receivers that were given the same bodies never wait for each other in a circle.
WITH given AS (
    SELECT DISTINCT ON (body_sha256)
        g.body,
        sha256(g.body) AS body_sha256
    FROM unnest(%(bodies)s::bytea[]) AS g (body)
    ORDER BY body_sha256
),

stored AS (
    INSERT INTO receipt_inbox (body, body_sha256)
    SELECT
        body,
        body_sha256
    FROM given
    ORDER BY body_sha256
    ON CONFLICT (body_sha256) DO NOTHING
    RETURNING receipt_id
)

SELECT count(*) AS new_count FROM stored
