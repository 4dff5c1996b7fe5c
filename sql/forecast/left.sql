-- Returns what is left of a campaign that is under way: for its ready messages, in how many seconds from now each
-- person's last turn is over, as (closes_in, people) pairs; negative where the next claim expires it.
--
-- Reads the message list alone, from the claim's index: closes_at is raised by every opener that arrives. The claim
-- looks again at every window, so an opt-out or a second of rounding here costs nobody a message.
WITH binned AS (
    SELECT
        date_bin(interval '1 s', closes_at, %(now)s::timestamptz + %(reserve)s::interval) AS closing_at,
        count(*) AS people
    FROM message_list
    WHERE campaign_id = %(campaign_id)s AND state = 'ready' AND closes_at IS NOT NULL
    GROUP BY closing_at
)

SELECT
    least(
        extract(EPOCH FROM b.closing_at - %(reserve)s::interval - %(now)s::timestamptz)::float8,
        floor(extract(EPOCH FROM c.not_after - %(now)s::timestamptz)::float8 - %(slot_wait_seconds)s::float8)
    )::integer AS closes_in,
    b.people
FROM binned AS b
CROSS JOIN campaign AS c
WHERE c.campaign_id = %(campaign_id)s
