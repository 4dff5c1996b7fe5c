-- Returns how many people a campaign that starts at `at` can reach by a private reply alone: no window is open then,
-- and a comment or a post may be answered.
SELECT count(*) AS people
FROM campaign AS c
INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id
INNER JOIN reply_right AS r ON m.account_id = r.account_id AND m.user_id = r.user_id
LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
WHERE
    c.campaign_id = %(campaign_id)s
    AND c.private_replies
    AND s.user_id IS NULL
    AND r.until - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s' > %(at)s::timestamptz
    AND coalesce(
        l.opener_at + interval '24 h' - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
        <= %(at)s::timestamptz,
        TRUE
    )
