-- Keeps the loaded comments and visitors' posts as what allows one private reply each. Only those that are named by the
-- platform's id: an id that we made up names no comment to answer. What came twice or late changes nothing. Returns how
-- many are new.
WITH added AS (
    INSERT INTO entitlement (account_id, object_id, kind, user_id, given_at)
    SELECT DISTINCT ON (account_id, event_id)
        account_id,
        event_id,
        kind,
        user_id,
        occurred_at
    FROM loading_interaction
    WHERE kind IN ('comment', 'visitor_post') AND event_id NOT LIKE 'derived:%%'
    ORDER BY account_id ASC, event_id ASC, occurred_at ASC
    ON CONFLICT (account_id, object_id) DO NOTHING
    RETURNING object_id
)

SELECT count(*) AS new_count FROM added
