-- Keeps the run that a server has made for a timed campaign. No row: the campaign was moved meanwhile, and the run of
-- its new revision counts.
UPDATE campaign
SET scheduled_run_id = %(run_id)s
WHERE campaign_id = %(campaign_id)s AND schedule_revision = %(revision)s
RETURNING campaign_id
