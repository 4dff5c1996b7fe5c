-- Returns the account's other campaigns that take slots: in how many seconds from `now` each begins (0: it is sending),
-- and how many people it can still reach from then on. A paused campaign takes no slot; a timed one counts from its
-- time.
SELECT
    c.campaign_id,
    greatest(0, ceil(extract(EPOCH FROM c.scheduled_at - %(now)s::timestamptz)))::integer AS begins_in,
    count(*) AS people
FROM campaign AS c
INNER JOIN message_deadline AS d ON c.campaign_id = d.campaign_id
WHERE
    c.account_id = %(account_id)s
    AND c.campaign_id <> %(campaign_id)s
    AND c.state IN ('scheduled', 'sending')
    AND d.state = 'ready'
    AND d.ends_at - %(lead)s::interval > greatest(%(now)s::timestamptz, c.scheduled_at)
GROUP BY c.campaign_id
