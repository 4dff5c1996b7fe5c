-- T2: records how attempts ended and moves their messages. Harmless to repeat: an attempt that is decided already (its
-- echo came first, or this very statement ran and its answer was lost) changes nothing and is not returned.
-- Takes arrays of the same length; returns the attempts that were recorded.
WITH given AS (
    SELECT *
    FROM unnest(
        %(attempt_ids)s::uuid[],
        %(outcomes)s::attempt_outcome[],
        %(states)s::message_state[],
        %(reasons)s::reason[],
        %(provider_message_ids)s::text[],
        %(provider_codes)s::integer[],
        %(provider_subcodes)s::integer[],
        %(provider_texts)s::text[],
        %(wait_seconds)s::float8[]
    ) AS g (
        attempt_id, outcome, state, reason, provider_message_id, provider_code, provider_subcode, provider_text,
        wait_seconds
    )
),

ended AS (
    UPDATE attempt AS a
    SET
        outcome = g.outcome,
        ended_at = clock(),
        settled_at = CASE WHEN g.outcome = 'unknown' THEN a.settled_at ELSE coalesce(a.settled_at, clock()) END,
        provider_message_id = g.provider_message_id,
        provider_code = g.provider_code,
        provider_subcode = g.provider_subcode,
        provider_text = g.provider_text
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
                        e.message_id, g.state, g.reason, e.attempt_id, clock(), g.provider_message_id,
                        g.provider_code, g.provider_subcode, g.provider_text,
                        clock() + g.wait_seconds * interval '1 s'
                    )::message_change
                FROM ended AS e
                INNER JOIN given AS g ON e.attempt_id = g.attempt_id
            )
        ) AS message_id
)

SELECT
    e.attempt_id,
    e.message_id
FROM ended AS e
INNER JOIN moved AS m ON e.message_id = m.message_id
