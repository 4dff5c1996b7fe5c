-- T1: takes the next messages of campaigns, soonest-closing window first, and commits an attempt for each.
-- Takes arrays of the same length, one entry a campaign: its id, the most it may take, whether it sends audio or video,
-- and how many seconds ahead a slot is booked at least; no two campaigns of one account, and attempt ids for as many as
-- all may take. Returns one line per intent: what to send, to whom, and when its slot is. No line of a campaign:
-- nothing of it can be taken right now.
--
-- One statement, in a transaction of its own, so that no client holds a pace row's lock while it is frozen. All that
-- decides is read live: campaign and account state, opt-outs, the person's newest opener, unresolved attempts. The
-- window is checked at the latest slot that this claim can book (`reserve_seconds` holds slot wait and read timeout).
-- Campaigns of one account take turns; audio and video have a lane of their own inside the pace, one message a claim.
-- A campaign that may use comments and posts takes one person without an open window with it, when the lane
-- of private replies is free; the attempt names the comment, and a unique index gives it to one attempt.
-- A slot is booked a little ahead, so that it has not gone by when the answer of a busy server arrives.
-- SKIP LOCKED lets any number of workers claim at once; who loses the race for a person inserts no attempt and
-- therefore moves no message. Pace rows are locked in the order of their accounts, all of them before the first slot
-- is booked, and attempts are inserted in the order of their people: no two claims wait for each other. The clock is
-- read again for the slots, when all locks are held. OFFSET 0 keeps a look-up of one person one: planned while the
-- table is nearly empty, a join would read all unresolved attempts, and what is left of settled ones in their index.
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

gate AS MATERIALIZED (
    SELECT
        c.campaign_id,
        c.account_id,
        c.not_after,
        a.cap_messages,
        w.is_media,
        w.ahead_seconds,
        s.per_second,
        CASE
            WHEN s.per_second IS NULL THEN w.most
            WHEN w.is_media THEN 1
            ELSE least(w.most, greatest(1, floor(s.per_second / 4)))
        END::integer AS most,
        c.private_replies
        AND NOT p.reply_next_slot_at
        BETWEEN now.at AND now.at + p.most_ahead + %(reply_gap_seconds)s::float8 * interval '1 s' AS may_reply
    FROM
        unnest(
            %(campaign_ids)s::uuid[], %(mosts)s::integer[], %(are_media)s::boolean[], %(aheads)s::float8[]
        ) AS w (campaign_id, most, is_media, ahead_seconds)
    INNER JOIN campaign AS c ON w.campaign_id = c.campaign_id
    INNER JOIN account AS a ON c.account_id = a.account_id
    INNER JOIN pace AS p ON c.account_id = p.account_id
    CROSS JOIN LATERAL pace_now(c.account_id) AS s (per_second)
    CROSS JOIN now
    WHERE
        c.state = 'sending'
        AND a.paused_at IS NULL
        AND p.not_before <= now.at
        -- Slots are booked at most a second ahead. A slot far ahead means that the server's clock was put back.
        AND (p.per_second IS NULL OR NOT p.next_slot_at BETWEEN now.at + interval '1 s' AND now.at + p.most_ahead)
        AND (c.not_after IS NULL OR c.not_after > now.at + %(slot_wait_seconds)s::float8 * interval '1 s')
        AND (
            p.per_second IS NULL
            OR NOT w.is_media
            OR NOT p.media_next_slot_at
            BETWEEN greatest(now.at + w.ahead_seconds * interval '1 s', p.next_slot_at) AND now.at + p.most_ahead
        )
        AND (p.per_second IS NULL OR turn_wait_seconds(c.campaign_id) <= 0)
),

by_window AS MATERIALIZED (
    SELECT t.*
    FROM gate AS g
    CROSS JOIN now
    CROSS JOIN LATERAL (
        SELECT
            m.message_id,
            m.campaign_id,
            m.account_id,
            m.user_id,
            m.cells,
            m.closes_at,
            l.opener_at,
            NULL::text AS entitlement_id,
            NULL::interaction_kind AS entitlement_kind
        FROM message_list AS m
        INNER JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
        WHERE
            m.campaign_id = g.campaign_id
            AND m.state = 'ready'
            AND l.opener_at
            > now.at - interval '24 h' + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
            AND (m.not_before IS NULL OR m.not_before <= now.at)
            AND NOT EXISTS (
                SELECT 1 FROM attempt AS x
                WHERE x.account_id = m.account_id AND x.user_id = m.user_id AND x.settled_at IS NULL
                ORDER BY x.user_id ASC
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT 1 FROM active_suppression AS s WHERE s.account_id = m.account_id AND s.user_id = m.user_id
                ORDER BY s.user_id ASC
                OFFSET 0
            )
            AND (g.cap_messages IS NULL OR cap_free_at(m.account_id, m.user_id) <= now.at)
        ORDER BY m.closes_at ASC, m.message_id ASC
        LIMIT g.most
        FOR UPDATE OF m SKIP LOCKED
    ) AS t
),

by_reply AS MATERIALIZED (
    SELECT t.*
    FROM gate AS g
    CROSS JOIN now
    CROSS JOIN LATERAL (
        SELECT
            m.message_id,
            m.campaign_id,
            m.account_id,
            m.user_id,
            m.cells,
            m.reply_until AS closes_at,
            e.given_at AS opener_at,
            e.object_id AS entitlement_id,
            e.kind AS entitlement_kind
        FROM message_list AS m
        CROSS JOIN
            LATERAL (
                SELECT
                    o.object_id,
                    o.kind,
                    o.given_at
                FROM open_entitlement AS o
                WHERE
                    o.account_id = m.account_id
                    AND o.user_id = m.user_id
                    AND o.until > now.at + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
                ORDER BY o.given_at ASC, o.object_id ASC
                LIMIT 1
            ) AS e
        WHERE
            g.may_reply
            AND m.campaign_id = g.campaign_id
            AND m.state = 'ready'
            AND m.reply_until IS NOT NULL
            AND NOT EXISTS (
                SELECT 1 FROM last_interaction AS l
                WHERE
                    l.account_id = m.account_id
                    AND l.user_id = m.user_id
                    AND l.opener_at
                    > now.at
                    - interval '24 h'
                    + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
                ORDER BY l.user_id ASC
                OFFSET 0
            )
            AND (m.not_before IS NULL OR m.not_before <= now.at)
            AND NOT EXISTS (
                SELECT 1 FROM attempt AS x
                WHERE x.account_id = m.account_id AND x.user_id = m.user_id AND x.settled_at IS NULL
                ORDER BY x.user_id ASC
                OFFSET 0
            )
            AND NOT EXISTS (
                SELECT 1 FROM active_suppression AS s WHERE s.account_id = m.account_id AND s.user_id = m.user_id
                ORDER BY s.user_id ASC
                OFFSET 0
            )
            AND (g.cap_messages IS NULL OR cap_free_at(m.account_id, m.user_id) <= now.at)
        ORDER BY m.reply_until ASC, m.message_id ASC
        LIMIT 1
        FOR UPDATE OF m SKIP LOCKED
    ) AS t
),

candidate AS MATERIALIZED (
    SELECT * FROM by_window
    UNION ALL
    SELECT * FROM by_reply
),

locked AS MATERIALIZED (
    SELECT p.*
    FROM pace AS p
    WHERE
        EXISTS (
            SELECT 1 FROM candidate AS k
            WHERE k.account_id = p.account_id AND (p.per_second IS NOT NULL OR k.entitlement_id IS NOT NULL)
        )
    ORDER BY p.account_id
    FOR NO KEY UPDATE OF p
),

booking AS MATERIALIZED (
    SELECT clock() AS at FROM locked
    HAVING count(*) > 0
),

slot AS MATERIALIZED (
    SELECT
        p.account_id,
        CASE
            WHEN p.next_slot_at > b.at + p.most_ahead THEN b.at
            ELSE greatest(p.next_slot_at, b.at + g.ahead_seconds * interval '1 s')
        END AS first_at,
        NOT p.reply_next_slot_at
        BETWEEN b.at AND b.at + p.most_ahead + %(reply_gap_seconds)s::float8 * interval '1 s' AS may_reply
    FROM locked AS p
    INNER JOIN gate AS g ON p.account_id = g.account_id
    CROSS JOIN booking AS b
),

-- What the claim may take of them, and the lane of private replies, now that its row is locked.
turn AS MATERIALIZED (
    SELECT
        t.*,
        row_number() OVER (ORDER BY t.campaign_id, t.place) AS number
    FROM (
        SELECT
            k.*,
            row_number() OVER (PARTITION BY k.campaign_id ORDER BY k.closes_at, k.message_id) AS place
        FROM candidate AS k
        LEFT JOIN slot AS s ON k.account_id = s.account_id
        WHERE k.entitlement_id IS NULL OR s.may_reply
    ) AS t
    INNER JOIN gate AS g ON t.campaign_id = g.campaign_id
    WHERE t.place <= g.most
),

taken AS MATERIALIZED (
    SELECT
        g.campaign_id,
        g.account_id,
        g.is_media,
        s.first_at,
        1 / g.per_second * interval '1 s' AS gap,
        (count(*) / g.per_second)::float8 AS seconds,
        bool_or(t.entitlement_id IS NOT NULL) AS is_replying,
        least(min(t.closes_at), g.not_after) AS deadline
    FROM gate AS g
    INNER JOIN turn AS t ON g.campaign_id = t.campaign_id
    LEFT JOIN slot AS s ON g.account_id = s.account_id
    GROUP BY g.campaign_id, g.account_id, g.is_media, s.first_at, g.per_second, g.not_after
),

booked AS (
    UPDATE pace AS p
    SET
        next_slot_at = coalesce(k.first_at + k.seconds * interval '1 s', p.next_slot_at),
        media_next_slot_at = CASE
            WHEN k.is_media AND k.seconds IS NOT NULL THEN k.first_at + %(media_gap_seconds)s::float8 * interval '1 s'
            ELSE p.media_next_slot_at
        END,
        reply_next_slot_at = CASE
            WHEN k.is_replying
                THEN
                    k.first_at
                    + (coalesce(k.seconds, 0) + %(reply_gap_seconds)s::float8) * interval '1 s'
            ELSE p.reply_next_slot_at
        END
    FROM taken AS k
    WHERE p.account_id = k.account_id AND k.first_at IS NOT NULL
),

noted AS (
    INSERT INTO campaign_turn AS t (campaign_id, account_id, deadline, taken_at, taken_seconds)
    SELECT
        k.campaign_id,
        k.account_id,
        k.deadline,
        now.at,
        k.seconds
    FROM taken AS k
    CROSS JOIN now
    WHERE k.seconds IS NOT NULL
    ON CONFLICT (campaign_id) DO UPDATE
        SET deadline = excluded.deadline, taken_at = excluded.taken_at, taken_seconds = excluded.taken_seconds
),

-- Read by place from the array, and returned from here: a join of these rows would compare each with each, since a plan
-- that is made once expects few of them.
planned AS MATERIALIZED (
    SELECT
        t.campaign_id,
        t.account_id,
        t.message_id,
        t.user_id,
        t.cells,
        t.opener_at,
        t.entitlement_id,
        t.entitlement_kind,
        t.number,
        (%(attempt_ids)s::uuid[])[t.number] AS attempt_id,
        coalesce(k.first_at + (t.place - 1) * k.gap, now.at) AS slot_at
    FROM turn AS t
    INNER JOIN taken AS k ON t.campaign_id = k.campaign_id
    CROSS JOIN now
),

intent AS (
    INSERT INTO attempt (
        attempt_id, message_id, account_id, user_id, worker, started_at, slot_at, lease_until, opener_at, entitlement_id
    )
    SELECT
        p.attempt_id,
        p.message_id,
        p.account_id,
        p.user_id,
        %(worker)s,
        now.at,
        p.slot_at,
        p.slot_at + %(lease_seconds)s::float8 * interval '1 s',
        p.opener_at,
        p.entitlement_id
    FROM planned AS p
    CROSS JOIN now
    WHERE p.attempt_id IS NOT NULL
    ORDER BY p.account_id, p.user_id
    ON CONFLICT DO NOTHING
    RETURNING attempt_id, message_id
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
    p.campaign_id,
    p.attempt_id,
    p.message_id,
    p.user_id,
    p.cells,
    p.entitlement_id,
    p.entitlement_kind,
    extract(EPOCH FROM p.slot_at)::float8 AS slot_epoch,
    extract(EPOCH FROM clock())::float8 AS asked_epoch
FROM planned AS p
WHERE (p.message_id IN (SELECT m.message_id FROM moved AS m)) IS TRUE
ORDER BY p.slot_at, p.number
