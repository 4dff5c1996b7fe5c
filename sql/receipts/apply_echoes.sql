-- An echo with our attempt id proves that the message was sent: settles the attempt, moves the message to sent (from
-- sending, if the echo overtook the answer, or from unknown), and keeps the platform's own time. Returns how many
-- attempts it settled. Echoes of other apps carry no attempt of ours and change nothing; a repeated echo neither.
WITH given AS (
    SELECT DISTINCT ON (attempt_id)
        attempt_id,
        provider_message_id,
        sent_at
    FROM unnest(%(attempt_ids)s::uuid[], %(provider_message_ids)s::text[], %(sent_at)s::timestamptz[]) AS g (
        attempt_id, provider_message_id, sent_at
    )
),

proven AS (
    UPDATE attempt AS a
    SET
        outcome = 'accepted',
        ended_at = coalesce(a.ended_at, clock()),
        settled_at = coalesce(a.settled_at, clock()),
        provider_message_id = coalesce(a.provider_message_id, g.provider_message_id)
    FROM given AS g
    WHERE a.attempt_id = g.attempt_id AND (a.outcome IS NULL OR a.outcome = 'unknown')
    RETURNING a.attempt_id, a.message_id
),

moved AS (
    SELECT
        move_messages(
            ARRAY(
                SELECT
                    ROW(
                        p.message_id, 'sent', NULL, p.attempt_id, clock(), g.provider_message_id, NULL, NULL, NULL, NULL
                    )::message_change
                FROM proven AS p
                INNER JOIN given AS g ON p.attempt_id = g.attempt_id
            )
        ) AS message_id
)

SELECT count(*) AS settled_count FROM moved
