-- Gives a campaign that has not started another time, and its next run a key of its own; what a late start has cost
-- and when a person let it go on belong to the old time. No row: it has started or is over.
UPDATE campaign
SET
    scheduled_at = %(scheduled_at)s,
    schedule_revision = schedule_revision + 1,
    scheduled_run_id = NULL,
    lost_by_delay = NULL,
    resumed_at = NULL
WHERE
    campaign_id = %(campaign_id)s
    AND scheduled_at IS NOT NULL
    AND started_at IS NULL
    AND state IN ('scheduled', 'paused', 'awaiting_approval')
RETURNING state
