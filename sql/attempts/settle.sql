-- Settles unknown attempts whose window is over, or that are a day old (private replies only then): no proof is waited
-- for any longer, the person may get other campaigns, and the message stays unknown by name. Returns how many.
WITH settled AS (
    UPDATE attempt
    SET settled_at = clock()
    WHERE
        outcome = 'unknown'
        AND settled_at IS NULL
        AND CASE WHEN entitlement_id IS NULL THEN least(opener_at, started_at) ELSE started_at END + interval '24 h'
        < (SELECT clock())
    RETURNING attempt_id
)

SELECT count(*) AS settled_count FROM settled
