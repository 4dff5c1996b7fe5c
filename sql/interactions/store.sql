-- Keeps the loaded interactions as evidence; one that is there already (same account, event id and time) stays as it
-- is. Returns how many are new. In the order of their times, so that a large load fills one day's index after the other
-- and not thirty at once.
WITH added AS (
    INSERT INTO interaction (account_id, user_id, kind, occurred_at, event_id)
    SELECT
        account_id,
        user_id,
        kind,
        occurred_at,
        event_id
    FROM loading_interaction
    ORDER BY occurred_at ASC
    ON CONFLICT (account_id, event_id, occurred_at) DO NOTHING
    RETURNING event_id
)

SELECT count(*) AS new_count FROM added
