-- Returns what has happened to campaigns within some hours, one row for each thing, or of one campaign alone. Derived
-- from how they stand and not noted by whoever moved them: so nothing is missed, however a campaign was moved, and
-- whoever asks later finds the same. `moment` is when it happened and with the kind and the campaign its name.
WITH happened AS (
    SELECT
        c.campaign_id,
        c.state::text AS kind,
        c.state_since AS moment
    FROM campaign AS c
    WHERE
        c.state IN ('finished', 'paused', 'refused', 'awaiting_approval')
        -- Those that were paused with their account are told of with it.
        AND c.pause_reason IS DISTINCT FROM 'account_paused'
    UNION ALL
    SELECT
        c.campaign_id,
        'late' AS kind,
        c.started_at AS moment
    FROM campaign AS c
    WHERE c.lost_by_delay > 0
    UNION ALL
    SELECT
        c.campaign_id,
        'windows_at_risk' AS kind,
        (c.outlook ->> 'at')::timestamptz AS moment
    FROM campaign AS c
    WHERE c.state = 'sending' AND (c.outlook ->> 'warned')::bigint > 0
),

wanted AS (
    SELECT *
    FROM happened
    WHERE
        moment > clock() - %(hours)s::float8 * interval '1 h'
        AND (%(campaign_id)s::uuid IS NULL OR campaign_id = %(campaign_id)s::uuid)
),

-- Campaigns and not their news: one with two of them is counted once.
counted AS (
    SELECT
        x.campaign_id,
        sum(x.message_count)::bigint AS row_count,
        sum(x.message_count) FILTER (WHERE x.state NOT IN ('invalid', 'duplicate'))::bigint AS good_count,
        sum(x.message_count) FILTER (WHERE x.state IN ('sent', 'delivered', 'read'))::bigint AS sent_count,
        sum(x.message_count) FILTER (WHERE x.state = 'failed')::bigint AS failed_count,
        sum(x.message_count) FILTER (WHERE x.state = 'unknown')::bigint AS unknown_count,
        sum(x.message_count) FILTER (WHERE x.state = 'expired')::bigint AS expired_count,
        sum(x.message_count) FILTER (WHERE x.state = 'ineligible')::bigint AS ineligible_count,
        sum(x.message_count) FILTER (WHERE x.state = 'ready')::bigint AS ready_count
    FROM message_count AS x
    WHERE x.campaign_id IN (SELECT w.campaign_id FROM wanted AS w)
    GROUP BY x.campaign_id
)

SELECT
    h.kind::news_kind AS kind,
    h.moment,
    c.campaign_id,
    c.name AS campaign,
    c.flow_run_id,
    c.pause_reason,
    c.refusal,
    c.submitted_by,
    c.scheduled_at,
    c.started_at,
    c.lost_by_delay,
    c.outlook,
    c.plan,
    coalesce(m.row_count, 0) AS row_count,
    coalesce(m.good_count, 0) AS good_count,
    coalesce(m.sent_count, 0) AS sent_count,
    coalesce(m.failed_count, 0) AS failed_count,
    coalesce(m.unknown_count, 0) AS unknown_count,
    coalesce(m.expired_count, 0) AS expired_count,
    coalesce(m.ineligible_count, 0) AS ineligible_count,
    coalesce(m.ready_count, 0) AS ready_count
FROM wanted AS h
INNER JOIN campaign AS c ON h.campaign_id = c.campaign_id
-- A file that could not be read has no rows.
LEFT JOIN counted AS m ON h.campaign_id = m.campaign_id
ORDER BY h.moment
