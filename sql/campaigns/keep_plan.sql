-- Keeps with a campaign what was foretold when it was admitted.
UPDATE campaign SET plan = %(plan)s::jsonb WHERE campaign_id = %(campaign_id)s
