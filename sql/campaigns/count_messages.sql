-- Returns how many messages of each campaign stand in each state, for each reason.
SELECT
    campaign_id,
    state,
    reason,
    count(*) AS message_count
FROM message_list
WHERE campaign_id = ANY(%(campaign_ids)s::uuid[])
GROUP BY campaign_id, state, reason
