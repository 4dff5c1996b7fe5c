-- T2: records how attempts ended and moves their messages. Harmless to repeat: an attempt that is decided already (its
-- echo came first, or this very statement ran and its answer was lost) changes nothing and is not returned.
-- A worker that was frozen may come back with not_sent when its lease is over and its message unknown. That message is
-- ready again only in a campaign that goes on: in one that is finished nobody would send it, so there it stays unknown.
-- An acceptance is doubted (unknown, unclear_answer) when another attempt of the account, of whatever run, was accepted
-- with its message id, or stands earlier in this call with it: one id names one message.
-- Takes the attempts and their outcomes in arrays of the same length, and the rest in arrays that may end sooner, with
-- their last value; returns the attempts that were recorded, and which of them were doubted.
WITH said AS (
    SELECT g.*
    FROM unnest(
        %(attempt_ids)s::uuid[],
        %(outcomes)s::attempt_outcome[],
        %(reasons)s::reason[],
        %(provider_message_ids)s::text[],
        %(provider_codes)s::integer[],
        %(provider_subcodes)s::integer[],
        %(provider_texts)s::text[],
        %(wait_seconds)s::float8[]
    ) WITH ORDINALITY AS g (
        attempt_id, outcome, reason, provider_message_id, provider_code, provider_subcode, provider_text,
        wait_seconds, place
    )
),

named AS MATERIALIZED (
    SELECT
        a.attempt_id,
        a.account_id,
        bare_id(g.provider_message_id) AS mid,
        sha256(convert_to(bare_id(g.provider_message_id), 'UTF8')) AS message_id_sha256,
        row_number() OVER (PARTITION BY a.account_id, bare_id(g.provider_message_id) ORDER BY g.place) AS nth
    FROM said AS g
    INNER JOIN attempt AS a ON g.attempt_id = a.attempt_id
    WHERE g.outcome = 'accepted' AND g.provider_message_id IS NOT NULL
),

-- Whoever is told an id while another statement records it waits here for that statement, and is told whose it is.
holder AS (
    INSERT INTO told_message_id AS t (account_id, message_id_sha256, attempt_id)
    SELECT
        n.account_id,
        n.message_id_sha256,
        n.attempt_id
    FROM named AS n
    WHERE n.nth = 1
    ORDER BY n.account_id, n.message_id_sha256
    ON CONFLICT (account_id, message_id_sha256) DO UPDATE SET attempt_id = t.attempt_id
    RETURNING account_id, message_id_sha256, attempt_id
),

-- By the index on the message id (hashed, since ids may be long), so its cost is flat in history; it knows what echoes
-- and look-ups have told, too, which may write the id in the other way.
doubted AS MATERIALIZED (
    SELECT n.attempt_id
    FROM named AS n
    LEFT JOIN holder AS h ON n.account_id = h.account_id AND n.message_id_sha256 = h.message_id_sha256
    WHERE
        n.nth > 1
        OR h.attempt_id <> n.attempt_id
        OR EXISTS (
            SELECT 1 FROM attempt AS x
            WHERE
                x.provider_message_id = n.mid
                AND x.outcome = 'accepted'
                AND x.account_id = n.account_id
                AND x.attempt_id <> n.attempt_id
        )
        OR EXISTS (
            SELECT 1 FROM attempt AS x
            WHERE
                x.provider_message_id = 'm_' || n.mid
                AND x.outcome = 'accepted'
                AND x.account_id = n.account_id
                AND x.attempt_id <> n.attempt_id
        )
),

given AS (
    SELECT
        g.attempt_id,
        d.attempt_id IS NOT NULL AS is_repeated,
        CASE WHEN d.attempt_id IS NULL THEN g.outcome ELSE 'unknown' END AS outcome,
        CASE
            WHEN d.attempt_id IS NOT NULL THEN 'unknown'
            WHEN g.outcome = 'accepted' THEN 'sent'
            WHEN g.outcome = 'refused' THEN 'failed'
            WHEN g.outcome = 'not_sent' THEN 'ready'
            ELSE 'unknown'
        END::message_state AS state,
        CASE WHEN d.attempt_id IS NULL THEN g.reason ELSE 'unclear_answer' END AS reason,
        CASE WHEN d.attempt_id IS NULL THEN g.provider_message_id END AS provider_message_id,
        g.provider_code,
        g.provider_subcode,
        CASE WHEN d.attempt_id IS NULL THEN g.provider_text ELSE %(repeated_text)s::text END AS provider_text,
        g.wait_seconds
    FROM said AS g
    LEFT JOIN doubted AS d ON g.attempt_id = d.attempt_id
),

-- Held until this commits, so that nobody finishes a campaign while a message of it turns ready.
going_on AS MATERIALIZED (
    SELECT c.campaign_id
    FROM campaign AS c
    WHERE
        c.state IN ('sending', 'paused')
        AND c.campaign_id IN (
            SELECT m.campaign_id
            FROM given AS g
            INNER JOIN attempt AS a ON g.attempt_id = a.attempt_id
            INNER JOIN message_list AS m ON a.message_id = m.message_id
            WHERE g.outcome = 'not_sent'
        )
    FOR SHARE
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
    WHERE
        a.attempt_id = g.attempt_id
        AND a.attempt_id = ANY(%(attempt_ids)s::uuid[])
        AND (
            a.outcome IS NULL
            OR (
                a.outcome = 'unknown'
                AND (
                    g.outcome <> 'not_sent'
                    OR EXISTS (
                        SELECT 1
                        FROM message_list AS m
                        INNER JOIN going_on AS c ON m.campaign_id = c.campaign_id
                        WHERE m.message_id = a.message_id
                    )
                )
            )
        )
    RETURNING
        a.attempt_id, a.message_id, a.account_id, a.user_id, g.is_repeated, g.state, g.reason, g.provider_message_id,
        g.provider_code, g.provider_subcode, g.provider_text, g.wait_seconds
),

-- People whom the platform cannot reach are left in peace for a while, whatever campaign asks next.
learnt AS (
    INSERT INTO suppression AS s (account_id, user_id, source, kind, until)
    SELECT DISTINCT ON (e.account_id, e.user_id)
        e.account_id,
        e.user_id,
        'the platform, code ' || concat_ws('/', e.provider_code, e.provider_subcode),
        'unavailable',
        clock() + %(cool_off_seconds)s::float8 * interval '1 s'
    FROM ended AS e
    WHERE e.reason = 'person_unavailable'
    ON CONFLICT (account_id, user_id) DO UPDATE
        SET until = excluded.until, source = excluded.source, added_at = clock()
        WHERE s.kind = 'unavailable'
),

moved AS (
    SELECT
        move_messages(
            ARRAY(
                SELECT
                    ROW(
                        e.message_id, e.state, e.reason, e.attempt_id, clock(), e.provider_message_id,
                        e.provider_code, e.provider_subcode, e.provider_text,
                        clock() + e.wait_seconds * interval '1 s'
                    )::message_change
                FROM ended AS e
            )
        ) AS message_id
)

SELECT
    e.attempt_id,
    e.message_id,
    e.is_repeated
FROM ended AS e
INNER JOIN moved AS m ON e.message_id = m.message_id
