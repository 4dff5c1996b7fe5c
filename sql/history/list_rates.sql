-- Returns how many messages some campaigns sent in each minute, newest first.
SELECT r.*
FROM send_rate AS r
WHERE r.campaign_id = ANY(%(campaign_ids)s::uuid[])
ORDER BY r.minute DESC, r.campaign_id ASC
