-- Lets the next run of a timed campaign have a key of its own. No row: somebody else was faster, and theirs counts.
UPDATE campaign
SET schedule_revision = schedule_revision + 1, scheduled_run_id = NULL
WHERE campaign_id = %(campaign_id)s AND schedule_revision = %(revision)s
RETURNING campaign_id
