-- Returns bodies that wait to be applied, oldest first, and holds them: at most so many, and so many bytes (but always
-- one). What others hold is passed over. `after` spares a busy pass from looking at what it has just applied.
WITH held AS MATERIALIZED (
    SELECT
        receipt_id,
        body
    FROM receipt_inbox
    WHERE
        applied_at IS NULL
        AND receipt_id > %(after)s
        AND (%(receipt_ids)s::bigint[] IS NULL OR receipt_id = ANY(%(receipt_ids)s::bigint[]))
    ORDER BY receipt_id
    LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
),

measured AS (
    SELECT
        receipt_id,
        body,
        sum(octet_length(body)) OVER (ORDER BY receipt_id) - octet_length(body) AS bytes_before
    FROM held
)

SELECT
    receipt_id,
    body
FROM measured
WHERE bytes_before < %(most_bytes)s
ORDER BY receipt_id
