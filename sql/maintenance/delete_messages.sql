-- Deletes messages of a campaign with their attempts, the ids that those were told, look-ups and decisions,
-- at most `most` of them. Returns how many messages.
WITH piece AS MATERIALIZED (
    SELECT message_id
    FROM message_list
    WHERE campaign_id = %(campaign_id)s
    ORDER BY row_number
    LIMIT %(most)s
),

decisions AS (
    DELETE FROM decision AS d
    USING piece AS p
    WHERE d.message_id = p.message_id
),

look_ups AS (
    DELETE FROM look_up AS l
    USING piece AS p, attempt AS a
    WHERE l.attempt_id = a.attempt_id AND a.message_id = p.message_id
),

attempts AS (
    DELETE FROM attempt AS a
    USING piece AS p
    WHERE a.message_id = p.message_id
    RETURNING a.account_id, a.provider_message_id
),

told AS (
    DELETE FROM told_message_id AS t
    USING attempts AS a
    WHERE
        t.account_id = a.account_id
        AND t.message_id_sha256 = sha256(convert_to(bare_id(a.provider_message_id), 'UTF8'))
),

deleted AS (
    DELETE FROM message_list AS m
    USING piece AS p
    WHERE m.message_id = p.message_id
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
