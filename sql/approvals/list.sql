-- Returns what was said of a campaign's plans, the newest first.
SELECT
    approval_id,
    verdict,
    plan_hash,
    plan,
    decided_by,
    decided_at,
    because
FROM approval
WHERE campaign_id = %(campaign_id)s
ORDER BY approval_id DESC
