-- T1: takes the next messages of a campaign, soonest-closing window first, and commits an attempt for each.
-- Returns one line per intent: what to send, to whom, and when its slot is. No line: nothing can be taken right now.
--
-- One statement, in a transaction of its own, so that no client holds the pace row's lock while it is frozen. All that
-- decides is read live: campaign and account state, opt-outs, the person's newest opener, unresolved attempts. The
-- window is checked at the latest slot that this claim can book (`reserve_seconds` holds slot wait and read timeout).
-- Campaigns of one account take turns; audio and video have a lane of their own inside the pace, one message a claim.
-- A slot is booked a tenth of a second ahead at least, so that it has not gone by when a busy server's answer arrives.
-- SKIP LOCKED lets any number of workers claim at once; who loses the race for a person inserts no attempt and
-- therefore moves no message. The clock is read again for the slot, after the wait for the row's lock.
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

gate AS MATERIALIZED (
    SELECT
        c.campaign_id,
        c.account_id,
        c.not_after,
        a.cap_messages,
        pace_now(c.account_id) AS per_second
    FROM campaign AS c
    INNER JOIN account AS a ON c.account_id = a.account_id
    INNER JOIN pace AS p ON c.account_id = p.account_id
    CROSS JOIN now
    WHERE
        c.campaign_id = %(campaign_id)s
        AND c.state = 'sending'
        AND a.paused_at IS NULL
        AND p.not_before <= now.at
        -- Slots are booked at most a second ahead. A slot far ahead means that the server's clock was put back.
        AND (p.per_second IS NULL OR NOT p.next_slot_at BETWEEN now.at + interval '1 s' AND now.at + p.most_ahead)
        AND (c.not_after IS NULL OR c.not_after > now.at + %(slot_wait_seconds)s::float8 * interval '1 s')
        AND (
            p.per_second IS NULL
            OR NOT %(is_media)s
            OR NOT p.media_next_slot_at
            BETWEEN greatest(now.at + interval '0.1 s', p.next_slot_at) AND now.at + p.most_ahead
        )
        AND (p.per_second IS NULL OR turn_wait_seconds(c.campaign_id) <= 0)
),

candidate AS MATERIALIZED (
    SELECT
        m.message_id,
        m.campaign_id,
        m.account_id,
        m.user_id,
        m.cells,
        m.closes_at,
        l.opener_at
    FROM message_list AS m
    INNER JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    WHERE
        m.campaign_id = (SELECT campaign_id FROM gate)
        AND m.state = 'ready'
        AND l.opener_at
        > (SELECT at FROM now)
        - interval '24 h'
        + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
        AND (m.not_before IS NULL OR m.not_before <= (SELECT at FROM now))
        AND NOT EXISTS (
            SELECT 1 FROM attempt AS x
            WHERE x.account_id = m.account_id AND x.user_id = m.user_id AND x.settled_at IS NULL
        )
        AND NOT EXISTS (
            SELECT 1 FROM active_suppression AS s WHERE s.account_id = m.account_id AND s.user_id = m.user_id
        )
        AND (
            (SELECT cap_messages FROM gate) IS NULL
            OR cap_free_at(m.account_id, m.user_id) <= (SELECT at FROM now)
        )
    ORDER BY m.closes_at ASC, m.message_id ASC
    LIMIT (
        SELECT
            CASE
                WHEN g.per_second IS NULL THEN %(most)s
                WHEN %(is_media)s THEN 1
                ELSE least(%(most)s, greatest(1, floor(g.per_second / 4)))
            END::integer
        FROM gate AS g
    )
    FOR UPDATE OF m SKIP LOCKED
),

turn AS MATERIALIZED (
    SELECT
        c.*,
        row_number() OVER (ORDER BY c.closes_at, c.message_id) AS place
    FROM candidate AS c
),

booked AS (
    UPDATE pace AS p
    SET
        next_slot_at
        = CASE
            WHEN p.next_slot_at > clock() + p.most_ahead THEN clock()
            ELSE greatest(p.next_slot_at, clock() + interval '0.1 s')
        END
        + (SELECT count(*) FROM turn) / g.per_second * interval '1 s',
        media_next_slot_at
        = CASE
            WHEN NOT %(is_media)s THEN p.media_next_slot_at
            WHEN p.next_slot_at > clock() + p.most_ahead THEN clock()
            ELSE greatest(p.next_slot_at, clock() + interval '0.1 s')
        END
        + CASE WHEN %(is_media)s THEN %(media_gap_seconds)s::float8 * interval '1 s' ELSE interval '0' END
    FROM gate AS g
    WHERE p.account_id = g.account_id AND p.per_second IS NOT NULL AND EXISTS (SELECT 1 FROM turn)
    RETURNING
        p.next_slot_at - (SELECT count(*) FROM turn) / g.per_second * interval '1 s' AS first_slot_at,
        1 / g.per_second * interval '1 s' AS gap
),

noted AS (
    INSERT INTO campaign_turn AS t (campaign_id, account_id, deadline, taken_at, taken_seconds)
    SELECT
        g.campaign_id,
        g.account_id,
        least((SELECT min(closes_at) FROM turn), g.not_after),
        now.at,
        (SELECT count(*) FROM turn) / g.per_second
    FROM gate AS g
    CROSS JOIN now
    WHERE EXISTS (SELECT 1 FROM booked)
    ON CONFLICT (campaign_id) DO UPDATE
        SET deadline = excluded.deadline, taken_at = excluded.taken_at, taken_seconds = excluded.taken_seconds
),

intent AS (
    INSERT INTO attempt (
        attempt_id, message_id, account_id, user_id, worker, started_at, slot_at, lease_until, opener_at
    )
    SELECT
        i.attempt_id,
        t.message_id,
        t.account_id,
        t.user_id,
        %(worker)s,
        now.at,
        coalesce(b.first_slot_at + (t.place - 1) * b.gap, now.at),
        coalesce(b.first_slot_at + (t.place - 1) * b.gap, now.at) + %(lease_seconds)s::float8 * interval '1 s',
        t.opener_at
    FROM turn AS t
    CROSS JOIN now
    INNER JOIN unnest(%(attempt_ids)s::uuid[]) WITH ORDINALITY AS i (attempt_id, place) ON t.place = i.place
    LEFT JOIN booked AS b ON TRUE
    ON CONFLICT (account_id, user_id) WHERE settled_at IS NULL DO NOTHING
    RETURNING attempt_id, message_id, user_id, slot_at
),

moved AS (
    SELECT
        move_messages(
            ARRAY(
                SELECT
                    ROW(
                        message_id, 'sending', NULL, attempt_id, NULL, NULL, NULL, NULL, NULL, NULL
                    )::message_change
                FROM intent
            )
        ) AS message_id
)

SELECT
    i.attempt_id,
    i.message_id,
    i.user_id,
    t.cells,
    extract(EPOCH FROM i.slot_at)::float8 AS slot_epoch,
    extract(EPOCH FROM clock())::float8 AS asked_epoch
FROM intent AS i
INNER JOIN moved AS m ON i.message_id = m.message_id
INNER JOIN turn AS t ON i.message_id = t.message_id
ORDER BY i.slot_at, t.place
