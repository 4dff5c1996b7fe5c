-- Makes messages ready whose campaigns wait for their people (`hold_until`) and whose people are among the loaded
-- interactions and have an open window now, or a comment that the campaign may answer. A timed campaign that has not
-- started judges everybody at its start. Returns how many.
SELECT count(*) AS recovered_count
FROM move_messages(
    ARRAY(
        SELECT message_change(m.message_id, 'ready')
        FROM (
            SELECT DISTINCT
                account_id,
                user_id
            FROM loading_interaction
        ) AS i
        INNER JOIN message_list AS m ON i.account_id = m.account_id AND i.user_id = m.user_id
        INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
        LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
        LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
        LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
        WHERE
            is_held(m.state, m.reason)
            AND c.state IN ('sending', 'paused')
            AND c.hold_until > clock()
            AND s.user_id IS NULL
            AND greatest(l.opener_at + interval '24 h', r.until)
            > clock()
            + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
    )
)
