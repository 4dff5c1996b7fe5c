-- Returns why messages of some campaigns were not sent or not delivered, most first.
SELECT f.*
FROM failure_breakdown AS f
WHERE f.campaign_id = ANY(%(campaign_ids)s::uuid[])
ORDER BY f.message_count DESC, f.campaign_id ASC, f.state ASC, f.reason ASC
