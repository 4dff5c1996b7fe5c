-- Returns, for the good rows of a campaign, in how many seconds each person's last turn is over if nobody writes again:
-- counted from `now` (closes_in) and from the send time `at` (closes_in_at_send), NULL where it is over by then; as
-- counts of people, and the latest last turn of each.
--
-- Whole seconds, rounded down, so that no plan is better than the send, and at most a day of them, so that a list of a
-- million people is foretold from some thousand lines. A campaign's not_after ends turns as a window's end does.
WITH reachable AS (
    SELECT
        least(
            l.opener_at
            + interval '24 h'
            - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s',
            c.not_after - %(slot_wait_seconds)s::float8 * interval '1 s'
        ) AS last_turn_at
    FROM message_list AS m
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    INNER JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
    WHERE
        m.campaign_id = %(campaign_id)s
        AND m.user_id IS NOT NULL
        AND s.user_id IS NULL
)

SELECT
    max(last_turn_at) AS last_turn_at,
    CASE
        WHEN last_turn_at > %(now)s::timestamptz
            THEN floor(extract(EPOCH FROM last_turn_at - %(now)s::timestamptz))::integer
    END AS closes_in,
    CASE
        WHEN last_turn_at > %(at)s::timestamptz
            THEN floor(extract(EPOCH FROM last_turn_at - %(at)s::timestamptz))::integer
    END AS closes_in_at_send,
    count(*) AS people
FROM reachable
GROUP BY closes_in, closes_in_at_send
