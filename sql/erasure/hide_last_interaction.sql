-- Puts the tombstone of a person in the place of the id beside their newest opener: attempts are judged by it for
-- good.
WITH gone AS (
    DELETE FROM last_interaction
    WHERE account_id = %(account_id)s AND user_id = %(user_id)s
    RETURNING account_id, opener_at, opener_kind, first_seen_at
)

INSERT INTO last_interaction AS l (account_id, user_id, opener_at, opener_kind, first_seen_at)
SELECT
    account_id,
    %(tombstone)s,
    opener_at,
    opener_kind,
    first_seen_at
FROM gone
ON CONFLICT (account_id, user_id) DO UPDATE
    SET opener_at = excluded.opener_at, opener_kind = excluded.opener_kind
    WHERE excluded.opener_at > l.opener_at
