-- Keeps with a campaign how many people its late start cost.
UPDATE campaign SET lost_by_delay = %(lost)s WHERE campaign_id = %(campaign_id)s
