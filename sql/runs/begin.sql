-- Keeps that a run of a campaign has begun; keeps nothing of a campaign that does not exist, which its start tells of.
INSERT INTO campaign_run (run_id, campaign_id, flow, flow_run_id, started_at)
SELECT
    %(run_id)s::uuid,
    campaign_id,
    %(flow)s,
    %(flow_run_id)s::uuid,
    clock() - %(seconds_ago)s::float8 * interval '1 s'
FROM campaign
WHERE campaign_id = %(campaign_id)s
