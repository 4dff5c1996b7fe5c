-- Raises each person's newest opener to the newest loaded one, only ever forward. An interaction further ahead of the
-- clock than the tolerance opens no window; what came twice or late changes nothing. Returns how many people moved.
-- Grouped before it is sorted: of a long history only a person's newest of each kind has to be put in order.
WITH newest_of_kind AS (
    SELECT
        account_id,
        user_id,
        kind,
        max(occurred_at) AS occurred_at
    FROM loading_interaction
    WHERE
        kind = ANY(%(openers)s::interaction_kind[])
        AND occurred_at <= (SELECT clock()) + %(tolerance_seconds)s::float8 * interval '1 s'
    GROUP BY account_id, user_id, kind
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
