-- Takes up messages that became sent since the last pass, with the receipts that came before: those of their ids waited
-- and stand on the message from now on; watermarks are looked at next. Whichever go first, all have their turn.
-- Returns how many messages were due.
WITH due AS (
    DELETE FROM receipt_due
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM receipt_due LIMIT %(most)s)) -- noqa: AM09
    RETURNING message_id
),

named AS MATERIALIZED (
    SELECT DISTINCT
        m.message_id,
        m.attempt_id,
        m.account_id,
        bare_id(a.provider_message_id) AS mid
    FROM due AS d
    INNER JOIN message_list AS m ON d.message_id = m.message_id
    INNER JOIN attempt AS a ON m.attempt_id = a.attempt_id
),

taken AS (
    DELETE FROM mid_receipt AS r
    USING named AS n
    WHERE r.account_id = n.account_id AND r.mid = n.mid AND r.attempt_id IS NULL
    RETURNING n.message_id, n.attempt_id, r.echoed_at, r.delivered_at, r.read_at
),

gathered AS (
    INSERT INTO told_message (message_id, attempt_id, platform_sent_at, delivered_at, read_at, has_new_bound)
    SELECT
        message_id,
        attempt_id,
        NULL,
        NULL,
        NULL,
        TRUE
    FROM named
    UNION ALL
    SELECT
        message_id,
        attempt_id,
        echoed_at,
        delivered_at,
        read_at,
        TRUE
    FROM taken
)

SELECT count(*) AS due_count FROM due
