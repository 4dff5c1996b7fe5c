-- Returns what a look at a campaign under way needs beside its windows: its account and the pace that holds for it now;
-- how many messages the account has sent in the `measured_seconds` before now, and how long before now the first of
-- them was (NULL: none was); and how many of the campaign's people went without because their windows closed after its
-- start.
--
-- The counts read small indexes of their own, so that the look costs the same on the first message and on the last.
WITH lately AS (
    SELECT
        count(m.message_id) AS sent,
        extract(EPOCH FROM %(now)s::timestamptz - min(m.sent_at))::float8 AS span_seconds
    FROM campaign AS c
    INNER JOIN message_list AS m ON c.account_id = m.account_id
    WHERE
        c.campaign_id = %(campaign_id)s
        AND m.sent_at > %(now)s::timestamptz - %(measured_seconds)s::float8 * interval '1 s'
)

SELECT
    c.account_id,
    pace_now(c.account_id)::float8 AS per_second,
    l.sent,
    l.span_seconds,
    (
        SELECT coalesce(sum(n.message_count), 0)::bigint
        FROM message_count AS n
        WHERE n.campaign_id = c.campaign_id AND n.state = 'expired'
    ) AS expired,
    c.plan,
    c.outlook
FROM campaign AS c
CROSS JOIN lately AS l
WHERE c.campaign_id = %(campaign_id)s
