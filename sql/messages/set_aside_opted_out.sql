-- Moves the ready messages of a campaign whose people have opted out to ineligible. The claim passes them over; this is
-- for the few whose opt-out came while the campaign was being started. Starts from the account's opt-outs. Returns how
-- many moved.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            ROW(
                m.message_id, 'ineligible', 'opted_out', NULL, NULL, NULL, NULL, NULL, NULL, NULL
            )::message_change
        FROM suppression AS s
        INNER JOIN message_list AS m ON s.account_id = m.account_id AND s.user_id = m.user_id
        WHERE s.account_id = %(account_id)s AND m.campaign_id = %(campaign_id)s AND m.state = 'ready'
    )
)
