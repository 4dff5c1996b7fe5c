-- Keeps what was told of everything up to a moment, and gathers the messages of these people that it covers. Only what
-- is new among it is looked at: a repetition costs nothing. When a message was sent is `sent_by`, which only becomes
-- earlier; for the messages where it just did, all watermarks are looked at after this.
WITH told AS MATERIALIZED (
    SELECT
        account_id,
        user_id,
        kind::watermark_kind AS kind,
        timestamptz 'epoch' + up_to_ms * interval '1 ms' AS up_to,
        timestamptz 'epoch' + min(told_ms) * interval '1 ms' AS told_at
    FROM loading_receipt
    WHERE up_to_ms IS NOT NULL
    GROUP BY account_id, user_id, kind, up_to_ms
),

kept AS (
    INSERT INTO watermark AS w (account_id, user_id, kind, up_to, told_at)
    SELECT
        account_id,
        user_id,
        kind,
        up_to,
        told_at
    FROM told
    ORDER BY account_id, user_id, kind, up_to
    ON CONFLICT (account_id, user_id, kind, up_to) DO UPDATE
        SET told_at = excluded.told_at
        WHERE excluded.told_at < w.told_at
    RETURNING account_id, user_id, kind, up_to, told_at
)

INSERT INTO told_message (message_id, attempt_id, delivered_at, read_at, has_new_bound)
SELECT
    m.message_id,
    m.attempt_id,
    CASE WHEN k.kind = 'delivery' THEN k.told_at END,
    CASE WHEN k.kind = 'read' THEN k.told_at END,
    FALSE
FROM kept AS k
INNER JOIN LATERAL (
    SELECT
        x.message_id,
        x.attempt_id
    FROM message_list AS x
    WHERE
        x.account_id = k.account_id
        AND x.user_id = k.user_id
        AND x.state IN ('sent', 'delivered', 'read')
        AND sent_by(x.platform_sent_at, x.sent_at, x.delivered_at, x.read_at) <= k.up_to
) AS m ON TRUE
