-- Deletes a campaign that has no messages any more, with its problems, its counts and the results of its checks.
WITH counts AS (
    DELETE FROM message_count AS n
    WHERE n.campaign_id = %(campaign_id)s
)

DELETE FROM campaign AS c WHERE c.campaign_id = %(campaign_id)s
