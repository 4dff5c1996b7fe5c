-- Forgets the problems of a campaign, before its list is looked at again.
DELETE FROM problem WHERE campaign_id = %(campaign_id)s
