-- Keeps how a run ended: with an error's code, or else with the state that its campaign has now.
UPDATE campaign_run AS r
SET ended_at = greatest(clock(), r.started_at), ended_with = coalesce(%(code)s::text, c.state::text)
FROM campaign AS c
WHERE r.run_id = %(run_id)s AND r.campaign_id = c.campaign_id AND r.ended_at IS NULL
