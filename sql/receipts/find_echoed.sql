-- Gathers the messages whose echoes carry their attempt's id, with the platform's own time. An echo that calls the
-- message by another id than its answer did adds that name; receipts by it that waited are the message's.
WITH echoed AS MATERIALIZED (
    SELECT
        a.message_id,
        a.attempt_id,
        a.account_id,
        a.user_id,
        bare_id(a.provider_message_id) AS known_mid,
        bare_id(e.mid) AS mid,
        timestamptz 'epoch' + e.told_ms * interval '1 ms' AS sent_at
    FROM loading_receipt AS e
    INNER JOIN attempt AS a ON e.attempt_id = a.attempt_id
    WHERE a.outcome = 'accepted'
),

renamed AS (
    INSERT INTO mid_receipt AS r (account_id, mid, user_id, attempt_id)
    SELECT DISTINCT ON (account_id, mid)
        account_id,
        mid,
        user_id,
        attempt_id
    FROM echoed
    WHERE mid <> known_mid
    ORDER BY account_id, mid, attempt_id
    ON CONFLICT (account_id, mid) DO UPDATE
        SET attempt_id = coalesce(r.attempt_id, excluded.attempt_id)
        WHERE r.attempt_id IS NULL
    RETURNING attempt_id, delivered_at, read_at
),

e AS (
    SELECT DISTINCT
        message_id,
        attempt_id
    FROM echoed
)

INSERT INTO told_message (message_id, attempt_id, platform_sent_at, delivered_at, read_at, has_new_bound)
SELECT
    message_id,
    attempt_id,
    sent_at,
    NULL,
    NULL,
    TRUE
FROM echoed
UNION ALL
SELECT
    e.message_id,
    r.attempt_id,
    NULL,
    r.delivered_at,
    r.read_at,
    TRUE
FROM renamed AS r
INNER JOIN e ON r.attempt_id = e.attempt_id
WHERE r.delivered_at IS NOT NULL OR r.read_at IS NOT NULL
