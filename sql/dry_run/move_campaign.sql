-- Writes what would become of the campaign of a dry run.
UPDATE pg_temp.campaign
SET state = %(state)s, refusal = %(refusal)s
WHERE campaign_id = %(campaign_id)s
