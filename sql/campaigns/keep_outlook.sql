-- Keeps with a campaign the newest look at what is left of it. Two runs that look at once leave the later look.
UPDATE campaign
SET outlook = %(outlook)s::jsonb
WHERE campaign_id = %(campaign_id)s AND coalesce(outlook ->> 'at', '') <= %(outlook)s::jsonb ->> 'at'
