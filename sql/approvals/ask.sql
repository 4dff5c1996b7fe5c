-- Marks a campaign as one of which a second person is asked: from now on every change of its plan asks again.
UPDATE campaign SET asks_approval = TRUE WHERE campaign_id = %(campaign_id)s
