-- Returns what is left of a campaign that is under way: for its ready messages, in how many seconds from now each
-- person's last turn is over, as (closes_in, people) pairs; negative where the next claim expires it.
--
-- Reads the message list alone, from the claim's index: closes_at is raised by every opener that arrives. The claim
-- looks again at every window, so an opt-out or a second of rounding here costs nobody a message.
SELECT
    floor(
        extract(
            EPOCH FROM
            least(
                m.closes_at - %(reserve_seconds)s::float8 * interval '1 s',
                c.not_after - %(slot_wait_seconds)s::float8 * interval '1 s'
            )
            - %(now)s::timestamptz
        )
    )::integer AS closes_in,
    count(*) AS people
FROM campaign AS c
INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id
WHERE c.campaign_id = %(campaign_id)s AND m.state = 'ready' AND m.closes_at IS NOT NULL
GROUP BY closes_in
