-- Deletes what is known of the file of a campaign that is to go: without it nobody expects its rows any more.
DELETE FROM upload WHERE campaign_id = %(campaign_id)s
