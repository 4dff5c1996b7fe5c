-- Keeps when a person let a campaign go on: from then on its start is late anew. With `accepts_old_interactions` that
-- person takes the interactions as they are.
UPDATE campaign
SET
    resumed_at = clock(),
    accepts_old_interactions = accepts_old_interactions OR %(accepts_old_interactions)s
WHERE campaign_id = %(campaign_id)s
