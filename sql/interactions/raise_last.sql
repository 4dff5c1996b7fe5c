-- Raises each person's newest opener to the newest loaded one, only ever forward. An interaction further ahead of the
-- clock than the tolerance opens no window, and one that was when it first came never does, however often it comes
-- again; what came twice or late changes nothing. Returns how many people moved.
-- Grouped before it is sorted: of a long history only a person's newest of each kind has to be put in order.
WITH newest_of_kind AS (
    SELECT
        i.account_id,
        i.user_id,
        i.kind,
        max(i.occurred_at) AS occurred_at
    FROM loading_interaction AS i
    WHERE
        i.kind = ANY(%(openers)s::interaction_kind[])
        AND i.occurred_at <= (SELECT clock()) + %(tolerance_seconds)s::float8 * interval '1 s'
        -- By an index that holds only these few; its words are the index's own.
        AND NOT EXISTS (
            SELECT 1
            FROM interaction AS k
            WHERE
                k.account_id = i.account_id
                AND k.event_id = i.event_id
                AND k.occurred_at = i.occurred_at
                AND k.occurred_at - k.stored_at > interval '60 s'
        )
    GROUP BY i.account_id, i.user_id, i.kind
),

newest AS (
    SELECT DISTINCT ON (account_id, user_id)
        account_id,
        user_id,
        occurred_at,
        kind
    FROM newest_of_kind
    ORDER BY account_id ASC, user_id ASC, occurred_at DESC, kind ASC
),

raised AS (
    INSERT INTO last_interaction AS l (account_id, user_id, opener_at, opener_kind)
    SELECT
        account_id,
        user_id,
        occurred_at,
        kind
    FROM newest
    ON CONFLICT (account_id, user_id) DO UPDATE
        SET opener_at = excluded.opener_at, opener_kind = excluded.opener_kind
        WHERE excluded.opener_at > l.opener_at
    RETURNING account_id
)

SELECT count(*) AS raised_count FROM raised
