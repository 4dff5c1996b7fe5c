-- Makes messages of one campaign ready whose people it waits for (`hold_until`) and who have an open window now, or a
-- comment that the campaign may answer. What
-- stores interactions does the same for the people in them; this finds those who wrote while the campaign was being
-- started, and reads a table of the team's own. Returns how many.
SELECT count(*) AS recovered_count
FROM move_messages(
    ARRAY(
        SELECT message_change(m.message_id, 'ready')
        FROM campaign AS c
        INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id
        LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
        LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
        LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
        WHERE
            c.campaign_id = %(campaign_id)s
            AND c.state IN ('sending', 'paused')
            AND c.hold_until > clock()
            AND is_held(m.state, m.reason)
            AND s.user_id IS NULL
            AND greatest(l.opener_at + interval '24 h', r.until)
            > clock()
            + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
    )
)
