-- Returns the runs of some campaigns, newest first.
SELECT r.*
FROM run_history AS r
WHERE r.campaign_id = ANY(%(campaign_ids)s::uuid[])
ORDER BY r.started_at DESC, r.run_id DESC
