-- Moves a campaign, if the table of moves allows it from where it stands.
SELECT move_campaign(%(campaign_id)s, %(state)s, %(why)s) AS is_moved
