-- P1: a campaign has one message per person. Returns the people with more.
SELECT
    campaign_id,
    user_id,
    count(*) AS message_count
FROM message_list
WHERE user_id IS NOT NULL
GROUP BY campaign_id, user_id
HAVING count(*) > 1
