-- Returns how many of a timed campaign's people could be reached at its time and cannot now: their windows closed while
-- it waited to be started, and nobody of them has written since.
SELECT count(*) AS people
FROM campaign AS c
INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id
LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
WHERE
    c.campaign_id = %(campaign_id)s
    AND m.state = 'ready'
    AND s.user_id IS NULL
    AND greatest(l.opener_at + interval '24 h', r.until)
    - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
    BETWEEN c.scheduled_at AND %(now)s::timestamptz
