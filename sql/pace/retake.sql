-- Books new slots for attempts whose slots went by before their POSTs could start, at the cost of no attempt. The
-- leases are taken anew for the new slots, and windows or comments, opt-outs, campaigns and accounts are looked at
-- again. Takes arrays of the same length: attempts, whether each sends audio or video, and how many seconds ahead its
-- slot is booked at least. Returns the slots; an attempt without one may not be sent any more (it ends `not_sent`). A
-- quarter second of an account's pace at most, one message of its media lane; pace rows are locked as in a claim: in
-- the order of their accounts, before the clock is read.
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

allowed AS MATERIALIZED (
    SELECT
        a.attempt_id,
        a.account_id,
        w.is_media,
        w.ahead_seconds,
        pace_now(a.account_id) AS per_second,
        row_number() OVER (PARTITION BY a.account_id ORDER BY a.slot_at, a.attempt_id) AS place
    FROM
        unnest(
            %(attempt_ids)s::uuid[], %(are_media)s::boolean[], %(aheads)s::float8[]
        ) AS w (attempt_id, is_media, ahead_seconds)
    INNER JOIN attempt AS a ON w.attempt_id = a.attempt_id
    INNER JOIN message_list AS m ON a.message_id = m.message_id AND a.attempt_id = m.attempt_id
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    INNER JOIN account AS o ON a.account_id = o.account_id
    INNER JOIN pace AS p ON a.account_id = p.account_id
    LEFT JOIN last_interaction AS l ON a.account_id = l.account_id AND a.user_id = l.user_id
    LEFT JOIN entitlement AS e ON a.account_id = e.account_id AND a.entitlement_id = e.object_id
    CROSS JOIN now
    WHERE
        a.outcome IS NULL
        AND a.lease_until > now.at
        AND m.state = 'sending'
        AND c.state = 'sending'
        AND o.paused_at IS NULL
        AND p.per_second IS NOT NULL
        AND p.not_before <= now.at
        AND NOT p.next_slot_at BETWEEN now.at + interval '1 s' AND now.at + p.most_ahead
        AND NOT (
            w.is_media
            AND p.media_next_slot_at
            BETWEEN greatest(now.at + w.ahead_seconds * interval '1 s', p.next_slot_at) AND now.at + p.most_ahead
        )
        AND (c.not_after IS NULL OR c.not_after > now.at + %(slot_wait_seconds)s::float8 * interval '1 s')
        AND CASE
            WHEN a.entitlement_id IS NULL THEN l.opener_at + interval '24 h'
            WHEN e.removed_at IS NULL THEN e.given_at + interval '7 days'
        END
        > now.at + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
        AND NOT EXISTS (
            SELECT 1 FROM active_suppression AS s WHERE s.account_id = a.account_id AND s.user_id = a.user_id
        )
),

turn AS MATERIALIZED (
    SELECT * FROM allowed
    WHERE place <= CASE WHEN is_media THEN 1 ELSE greatest(1, floor(per_second / 4)) END
),

taken AS MATERIALIZED (
    SELECT
        account_id,
        bool_or(is_media) AS is_media,
        max(ahead_seconds) AS ahead_seconds,
        1 / per_second AS gap,
        count(*) / per_second AS seconds
    FROM turn
    GROUP BY account_id, per_second
),

locked AS MATERIALIZED (
    SELECT p.account_id
    FROM pace AS p
    INNER JOIN taken AS k ON p.account_id = k.account_id
    ORDER BY p.account_id
    FOR NO KEY UPDATE OF p
),

booking AS MATERIALIZED (
    SELECT clock() AS at FROM locked
    HAVING count(*) > 0
),

booked AS (
    UPDATE pace AS p
    SET
        next_slot_at
        = CASE
            WHEN p.next_slot_at > b.at + p.most_ahead THEN b.at
            ELSE greatest(p.next_slot_at, b.at + k.ahead_seconds * interval '1 s')
        END
        + k.seconds * interval '1 s',
        media_next_slot_at
        = CASE
            WHEN NOT k.is_media THEN p.media_next_slot_at
            WHEN p.next_slot_at > b.at + p.most_ahead THEN b.at
            ELSE greatest(p.next_slot_at, b.at + k.ahead_seconds * interval '1 s')
        END
        + CASE WHEN k.is_media THEN %(media_gap_seconds)s::float8 * interval '1 s' ELSE interval '0' END
    FROM taken AS k
    CROSS JOIN booking AS b
    WHERE p.account_id = k.account_id AND p.per_second IS NOT NULL
    RETURNING
        p.account_id,
        p.next_slot_at - k.seconds * interval '1 s' AS first_slot_at,
        k.gap * interval '1 s' AS gap
)

UPDATE attempt AS a
SET
    slot_at = b.first_slot_at + (t.place - 1) * b.gap,
    lease_until = b.first_slot_at + (t.place - 1) * b.gap + %(lease_seconds)s::float8 * interval '1 s'
FROM turn AS t
INNER JOIN booked AS b ON t.account_id = b.account_id
WHERE a.attempt_id = t.attempt_id AND a.outcome IS NULL
RETURNING
    a.attempt_id,
    extract(EPOCH FROM a.slot_at)::float8 AS slot_epoch,
    extract(EPOCH FROM clock())::float8 AS asked_epoch
