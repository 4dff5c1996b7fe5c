-- Returns what a second person approves of one campaign, what was approved last, and who submitted it.
WITH counted AS (
    SELECT
        coalesce(sum(x.message_count), 0)::bigint AS row_count,
        coalesce(sum(x.message_count) FILTER (WHERE x.state NOT IN ('invalid', 'duplicate')), 0)::bigint AS good_count
    FROM message_count AS x
    WHERE x.campaign_id = %(campaign_id)s
)

SELECT
    c.campaign_id,
    c.name,
    c.state,
    c.submission_id,
    c.submitted_by,
    c.asks_approval,
    c.flow_run_id,
    c.list_sha256,
    c.scheduled_at,
    c.not_after,
    c.hold_until,
    c.weight,
    c.resends_unknown,
    c.plan,
    -- Read in this way because a campaign need not have it: the column belongs to private replies.
    to_jsonb(c) -> 'private_replies' AS private_replies,
    a.name AS account,
    t.code AS template,
    t.language,
    t.version,
    t.content ->> 'text' AS text,
    (c.plan ->> 'eligible_at_send')::bigint AS eligible,
    m.row_count,
    m.good_count,
    (
        SELECT p.plan_hash
        FROM approval AS p
        WHERE p.campaign_id = c.campaign_id AND p.verdict = 'approved'
        ORDER BY p.approval_id DESC
        LIMIT 1
    ) AS approved_hash
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN template AS t ON c.template_id = t.template_id
CROSS JOIN counted AS m
WHERE c.campaign_id = %(campaign_id)s
