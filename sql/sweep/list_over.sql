-- Returns those of the given campaigns of which nothing is sent any more.
SELECT campaign_id
FROM campaign
WHERE campaign_id = ANY(%(campaign_ids)s::uuid[]) AND state IN ('cancelled', 'finished', 'refused')
