-- Returns, for the good rows of a campaign, how many people can be reached now, and for those who can be reached at the
-- send time (if nobody writes again) in how many seconds from it each window is over, as (closes_in, people) pairs.
WITH reachable AS (
    SELECT
        l.opener_at
        + interval '24 h'
        - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s' AS last_turn_at
    FROM message_list AS m
    INNER JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
    WHERE
        m.campaign_id = %(campaign_id)s
        AND m.user_id IS NOT NULL
        AND s.user_id IS NULL
)

SELECT
    count(*) FILTER (WHERE last_turn_at > clock()) AS eligible_now,
    max(last_turn_at) AS last_turn_at,
    CASE
        WHEN last_turn_at > %(at)s::timestamptz
            THEN floor(extract(EPOCH FROM last_turn_at - %(at)s::timestamptz))::integer
    END AS closes_in,
    count(*) AS people
FROM reachable
GROUP BY closes_in
