-- Moves the ready messages to a person who is being erased to ineligible. Returns how many.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT message_change(m.message_id, 'ineligible', 'erased')
        FROM campaign AS c
        INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id AND m.user_id = %(user_id)s
        WHERE c.account_id = %(account_id)s AND m.state = 'ready'
    )
)
