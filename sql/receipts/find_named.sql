-- Gathers the messages that receipts name by their id. Ids that no message of ours has are kept and wait. Answers gave
-- the ids with or without `m_`, so both are looked up, in the index on the ids: its cost is flat in history. An echo
-- without an attempt's id tells of a time where its id is known, and never that an attempt was sent.
WITH told AS MATERIALIZED (
    SELECT
        account_id,
        mid,
        min(user_id) AS user_id,
        timestamptz 'epoch' + min(told_ms) FILTER (WHERE kind = 'echo') * interval '1 ms' AS echoed_at,
        timestamptz 'epoch' + min(told_ms) FILTER (WHERE kind = 'delivery') * interval '1 ms' AS delivered_at,
        timestamptz 'epoch' + min(told_ms) FILTER (WHERE kind = 'read') * interval '1 ms' AS read_at
    FROM loading_receipt
    WHERE mid IS NOT NULL AND attempt_id IS NULL
    GROUP BY account_id, mid
),

looked_up AS MATERIALIZED (
    SELECT
        t.*,
        a.message_id,
        a.attempt_id
    FROM told AS t
    LEFT JOIN LATERAL (
        SELECT
            x.message_id,
            x.attempt_id
        FROM attempt AS x
        WHERE x.outcome = 'accepted' AND x.provider_message_id = t.mid AND x.account_id = t.account_id
        UNION ALL
        SELECT
            x.message_id,
            x.attempt_id
        FROM attempt AS x
        WHERE x.outcome = 'accepted' AND x.provider_message_id = 'm_' || t.mid AND x.account_id = t.account_id
        LIMIT 1
    ) AS a ON TRUE
),

kept AS (
    INSERT INTO mid_receipt AS r (account_id, mid, user_id, echoed_at, delivered_at, read_at)
    SELECT
        account_id,
        mid,
        user_id,
        echoed_at,
        delivered_at,
        read_at
    FROM looked_up
    WHERE message_id IS NULL
    ORDER BY account_id, mid
    ON CONFLICT (account_id, mid) DO UPDATE
        SET
            echoed_at = least(r.echoed_at, excluded.echoed_at),
            delivered_at = least(r.delivered_at, excluded.delivered_at),
            read_at = least(r.read_at, excluded.read_at)
    RETURNING attempt_id, echoed_at, delivered_at, read_at
)

INSERT INTO told_message (message_id, attempt_id, platform_sent_at, delivered_at, read_at, has_new_bound)
SELECT
    message_id,
    attempt_id,
    echoed_at,
    delivered_at,
    read_at,
    TRUE
FROM looked_up
WHERE message_id IS NOT NULL
UNION ALL
SELECT
    a.message_id,
    k.attempt_id,
    k.echoed_at,
    k.delivered_at,
    k.read_at,
    TRUE
FROM kept AS k
INNER JOIN attempt AS a ON k.attempt_id = a.attempt_id
WHERE k.attempt_id IS NOT NULL
