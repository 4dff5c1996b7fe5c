-- An unknown attempt was sent: found in the conversation, or a person says so. Settles it and moves its message to
-- sent. Returns the message; no row: it was settled otherwise in the meantime.
WITH proven AS (
    UPDATE attempt AS a
    SET
        outcome = 'accepted',
        settled_at = coalesce(a.settled_at, clock()),
        provider_message_id = coalesce(a.provider_message_id, %(provider_message_id)s)
    WHERE a.attempt_id = %(attempt_id)s AND a.outcome = 'unknown'
    RETURNING a.attempt_id, a.message_id
)

SELECT
    move_messages(
        ARRAY(
            SELECT
                message_change(
                    message_id,
                    'sent',
                    attempt_id => attempt_id,
                    happened_at => clock(),
                    provider_message_id => %(provider_message_id)s
                )
            FROM proven
        )
    ) AS message_id
