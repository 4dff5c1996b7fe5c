-- Moves the rows of some pages that were set aside to the partitions of their days; what is older than interactions are
-- kept is left behind. They are copied, and the whole table is emptied in the end: until then nothing is lost if this
-- ends, and what was copied already is not copied twice. Returns how many arrived.
WITH moved AS (
    INSERT INTO interaction (account_id, user_id, kind, occurred_at, event_id, stored_at)
    SELECT
        account_id,
        user_id,
        kind,
        occurred_at,
        event_id,
        stored_at
    FROM interaction_aside
    WHERE
        ctid >= ('(' || %(first_page)s::bigint || ',0)')::tid
        AND ctid < ('(' || %(end_page)s::bigint || ',0)')::tid
        AND occurred_at >= (SELECT clock()) - %(days)s::integer * interval '1 day'
    ON CONFLICT (account_id, event_id, occurred_at) DO NOTHING
    RETURNING 1
)

SELECT count(*) AS moved_count FROM moved
