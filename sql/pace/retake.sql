-- Books one new slot for an attempt whose first slot went by before its POST could start, at the cost of no attempt.
-- The lease is taken anew for the new slot, and the window, opt-out, campaign and account are looked at again. Returns
-- the slot; no row: the attempt may not be sent any more (it ends `not_sent`).
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

allowed AS MATERIALIZED (
    SELECT
        a.attempt_id,
        a.account_id,
        pace_now(a.account_id) AS per_second
    FROM attempt AS a
    INNER JOIN message_list AS m ON a.message_id = m.message_id AND a.attempt_id = m.attempt_id
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    INNER JOIN account AS o ON a.account_id = o.account_id
    INNER JOIN pace AS p ON a.account_id = p.account_id
    INNER JOIN last_interaction AS l ON a.account_id = l.account_id AND a.user_id = l.user_id
    CROSS JOIN now
    WHERE
        a.attempt_id = %(attempt_id)s
        AND a.outcome IS NULL
        AND a.lease_until > now.at
        AND m.state = 'sending'
        AND c.state = 'sending'
        AND o.paused_at IS NULL
        AND p.not_before <= now.at
        AND NOT p.next_slot_at BETWEEN now.at + interval '1 s' AND now.at + p.most_ahead
        AND NOT (
            %(is_media)s
            AND p.media_next_slot_at
            BETWEEN greatest(now.at + interval '0.1 s', p.next_slot_at) AND now.at + p.most_ahead
        )
        AND (c.not_after IS NULL OR c.not_after > now.at + %(slot_wait_seconds)s::float8 * interval '1 s')
        AND l.opener_at
        > now.at - interval '24 h' + (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s'
        AND NOT EXISTS (
            SELECT 1 FROM active_suppression AS s WHERE s.account_id = a.account_id AND s.user_id = a.user_id
        )
),

booked AS (
    UPDATE pace AS p
    SET
        next_slot_at
        = CASE
            WHEN p.next_slot_at > clock() + p.most_ahead THEN clock()
            ELSE greatest(p.next_slot_at, clock() + interval '0.1 s')
        END
        + 1 / g.per_second * interval '1 s',
        media_next_slot_at
        = CASE
            WHEN NOT %(is_media)s THEN p.media_next_slot_at
            WHEN p.next_slot_at > clock() + p.most_ahead THEN clock()
            ELSE greatest(p.next_slot_at, clock() + interval '0.1 s')
        END
        + CASE WHEN %(is_media)s THEN %(media_gap_seconds)s::float8 * interval '1 s' ELSE interval '0' END
    FROM allowed AS g
    WHERE p.account_id = g.account_id AND p.per_second IS NOT NULL
    RETURNING p.next_slot_at - 1 / g.per_second * interval '1 s' AS slot_at
)

UPDATE attempt AS a
SET slot_at = b.slot_at, lease_until = b.slot_at + %(lease_seconds)s::float8 * interval '1 s'
FROM allowed AS g
CROSS JOIN booked AS b
WHERE a.attempt_id = g.attempt_id AND a.outcome IS NULL
RETURNING extract(EPOCH FROM a.slot_at)::float8 AS slot_epoch, extract(EPOCH FROM clock())::float8 AS asked_epoch
