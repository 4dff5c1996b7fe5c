-- Moves these messages to one state, with one reason. Returns how many moved.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT message_change(i.message_id, %(to_state)s, %(reason)s)
        FROM unnest(%(message_ids)s::bigint[]) AS i (message_id)
    )
)
