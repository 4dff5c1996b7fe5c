-- Moves all messages of a campaign that stand in one of `from_states`, with one reason. Returns how many.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT message_change(m.message_id, %(to_state)s, %(reason)s)
        FROM message_list AS m
        WHERE m.campaign_id = %(campaign_id)s AND m.state = ANY(%(from_states)s::message_state[])
    )
)
