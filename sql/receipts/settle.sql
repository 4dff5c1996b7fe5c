-- Receipts prove that attempts were sent whose outcome was not known: settles them and moves their messages to sent
-- (from sending, if the receipt overtook the answer, or from unknown). Returns how many attempts it settled.
WITH proven AS (
    UPDATE attempt AS a
    SET
        outcome = 'accepted',
        ended_at = coalesce(a.ended_at, clock()),
        settled_at = coalesce(a.settled_at, clock()),
        provider_message_id = coalesce(a.provider_message_id, g.provider_message_id)
    FROM unnest(%(attempt_ids)s::uuid[], %(provider_message_ids)s::text[]) AS g (attempt_id, provider_message_id)
    WHERE a.attempt_id = g.attempt_id AND (a.outcome IS NULL OR a.outcome = 'unknown')
    RETURNING a.attempt_id, a.message_id, a.provider_message_id
)

SELECT count(*) AS settled_count
FROM move_messages(
    ARRAY(
        SELECT
            message_change(
                message_id,
                'sent',
                attempt_id => attempt_id,
                happened_at => clock(),
                provider_message_id => provider_message_id
            )
        FROM proven
    )
)
