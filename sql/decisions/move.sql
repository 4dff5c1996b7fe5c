-- Moves these messages to one state, with one reason. Returns how many moved.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            ROW(
                i.message_id, %(to_state)s, %(reason)s, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            )::message_change
        FROM unnest(%(message_ids)s::bigint[]) AS i (message_id)
    )
)
