-- Says that the values of a campaign are being deleted, unless somebody has let it go on meanwhile: from then on
-- nothing of it can be sent again. Returns the campaign.
UPDATE campaign
SET texts_deleted_at = coalesce(texts_deleted_at, clock())
WHERE campaign_id = %(campaign_id)s AND state IN ('finished', 'cancelled', 'refused')
RETURNING campaign_id
