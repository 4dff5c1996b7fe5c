-- Forgets the staged rows of a campaign.
DELETE FROM staged_row WHERE campaign_id = %(campaign_id)s
