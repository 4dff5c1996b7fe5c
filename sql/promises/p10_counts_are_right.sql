-- P10: the kept counts are those of the rows. Returns the campaigns, states and reasons where they are not.
WITH listed AS (
    SELECT
        campaign_id,
        state,
        reason,
        count(*) AS message_count
    FROM message_list
    GROUP BY campaign_id, state, reason
),

kept AS (
    SELECT
        campaign_id,
        state,
        reason,
        sum(message_count) AS message_count
    FROM message_count
    GROUP BY campaign_id, state, reason
)

SELECT
    coalesce(k.campaign_id, l.campaign_id) AS campaign_id,
    coalesce(k.state, l.state) AS state,
    coalesce(k.reason, l.reason) AS reason,
    coalesce(k.message_count, 0) AS kept_count,
    coalesce(l.message_count, 0) AS listed_count
FROM kept AS k
FULL OUTER JOIN listed AS l
    ON
        k.campaign_id = l.campaign_id
        AND k.state = l.state
        AND coalesce(k.reason::text, '') = coalesce(l.reason::text, '')
WHERE coalesce(k.message_count, 0) <> coalesce(l.message_count, 0)
