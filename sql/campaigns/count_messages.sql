-- Returns how many messages of each campaign are in each state, for each reason; read from the kept counts, so that it
-- costs the same for ten rows and for a million.
SELECT
    campaign_id,
    state,
    reason,
    sum(message_count)::bigint AS message_count
FROM message_count
WHERE campaign_id = ANY(%(campaign_ids)s::uuid[])
GROUP BY campaign_id, state, reason
HAVING sum(message_count) <> 0
