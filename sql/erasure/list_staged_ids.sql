-- Returns the ids of the staged rows of a campaign.
SELECT user_id
FROM staged_row
WHERE campaign_id = %(campaign_id)s AND user_id IS NOT NULL
