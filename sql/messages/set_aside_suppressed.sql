-- Moves the ready messages of a campaign whose people are left in peace to ineligible. The claim passes them over; this
-- is for the few of whom it was learnt while the campaign was being started or sent. Starts from the account's
-- suppressions. Returns how many moved.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            ROW(
                m.message_id, 'ineligible',
                CASE s.kind
                    WHEN 'opted_out' THEN 'opted_out'
                    WHEN 'erased' THEN 'erased'
                    ELSE 'person_unavailable'
                END,
                NULL, NULL, NULL, NULL, NULL, NULL, NULL
            )::message_change
        FROM active_suppression AS s
        INNER JOIN message_list AS m ON s.account_id = m.account_id AND s.user_id = m.user_id
        WHERE s.account_id = %(account_id)s AND m.campaign_id = %(campaign_id)s AND m.state = 'ready'
    )
)
