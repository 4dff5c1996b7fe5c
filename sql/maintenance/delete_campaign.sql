-- Deletes a campaign that has no messages any more, with its problems and the results of its checks.
DELETE FROM campaign WHERE campaign_id = %(campaign_id)s
