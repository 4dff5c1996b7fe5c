-- Rows and problems are copied straight into their tables, a third faster than through a temporary one. A copied line
-- does not hold its campaign: it is the one that the transaction has named. Without a name nothing can be copied.
ALTER TABLE windowcast.staged_row
ALTER COLUMN campaign_id SET DEFAULT current_setting('windowcast.staged_campaign_id')::uuid;

ALTER TABLE windowcast.problem
ALTER COLUMN campaign_id SET DEFAULT current_setting('windowcast.staged_campaign_id')::uuid;
