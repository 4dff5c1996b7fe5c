-- Keeps with a campaign the run of a Prefect server that works on it now.
UPDATE campaign SET flow_run_id = %(flow_run_id)s WHERE campaign_id = %(campaign_id)s
