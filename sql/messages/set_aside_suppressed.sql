-- Moves the ready messages of a campaign whose people are suppressed to ineligible. The claim skips them; this is for
-- the few suppressions that came while the campaign was being started or sent. Starts from the account's suppressions.
-- Returns how many moved.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT message_change(m.message_id, 'ineligible', suppression_reason(s.kind))
        FROM active_suppression AS s
        INNER JOIN message_list AS m ON s.account_id = m.account_id AND s.user_id = m.user_id
        WHERE s.account_id = %(account_id)s AND m.campaign_id = %(campaign_id)s AND m.state = 'ready'
    )
)
