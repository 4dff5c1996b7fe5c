-- Raises the turn of ready messages whose people are among the loaded interactions: their windows close later now.
WITH raised AS (
    UPDATE message_list AS m
    SET closes_at = l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
    FROM (
        SELECT DISTINCT
            account_id,
            user_id
        FROM loading_interaction
    ) AS i
    INNER JOIN last_interaction AS l ON i.account_id = l.account_id AND i.user_id = l.user_id
    WHERE
        m.account_id = i.account_id
        AND m.user_id = i.user_id
        AND m.state = 'ready'
        AND coalesce(m.closes_at, '-infinity')
        < l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
    RETURNING m.message_id
)

SELECT count(*) AS raised_count FROM raised
