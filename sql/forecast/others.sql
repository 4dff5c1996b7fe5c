-- Returns the account's other campaigns that take slots: in how many seconds from `now` each begins (0: it is sending),
-- and how many people it can still reach from then on. What is paused takes no slot; a timed one counts from its time.
SELECT
    c.campaign_id,
    greatest(0, ceil(extract(EPOCH FROM c.scheduled_at - %(now)s::timestamptz)))::integer AS begins_in,
    count(*) AS people
FROM windowcast.campaign AS c
INNER JOIN windowcast.message_list AS m ON c.campaign_id = m.campaign_id
LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
WHERE
    c.account_id = %(account_id)s
    AND c.campaign_id <> %(campaign_id)s
    AND c.state IN ('scheduled', 'sending')
    AND m.state = 'ready'
    AND greatest(l.opener_at + interval '24 h', r.until)
    - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
    > greatest(%(now)s::timestamptz, c.scheduled_at)
GROUP BY c.campaign_id
