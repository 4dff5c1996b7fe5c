-- Says whether nothing of a campaign is ready or sending any more.
SELECT NOT EXISTS (
    SELECT 1 FROM message_list AS m WHERE m.campaign_id = %(campaign_id)s AND m.state IN ('ready', 'sending')
) AS is_over
