-- Says how a campaign stands when a claim found nothing: what stops it, what is left of it, and for how many seconds
-- its account waits. Cheap: each EXISTS reads one entry of a partial index.
SELECT
    c.state,
    c.pause_reason,
    a.paused_at IS NOT NULL AS is_account_paused,
    a.pause_reason AS account_pause_reason,
    p.away_count,
    EXISTS(
        SELECT 1 FROM message_list AS m WHERE m.campaign_id = c.campaign_id AND m.state = 'ready'
    ) AS has_ready,
    EXISTS(
        SELECT 1 FROM message_list AS m WHERE m.campaign_id = c.campaign_id AND m.state = 'sending'
    ) AS has_sending,
    extract(EPOCH FROM p.not_before - clock())::float8 AS platform_wait_seconds,
    CASE
        WHEN p.next_slot_at > clock() + p.most_ahead THEN 0
        ELSE extract(EPOCH FROM p.next_slot_at - interval '1 s' - clock())::float8
    END AS slot_wait_seconds,
    CASE WHEN p.per_second IS NULL THEN 0 ELSE turn_wait_seconds(c.campaign_id) END AS turn_wait_seconds,
    CASE
        WHEN p.per_second IS NULL OR p.media_next_slot_at > clock() + p.most_ahead THEN 0
        ELSE extract(EPOCH FROM p.media_next_slot_at - greatest(clock() + interval '0.1 s', p.next_slot_at))::float8
    END AS media_wait_seconds,
    CASE
        WHEN p.reply_next_slot_at > clock() + p.most_ahead + %(reply_gap_seconds)s::float8 * interval '1 s' THEN 0
        ELSE extract(EPOCH FROM p.reply_next_slot_at - clock())::float8
    END AS reply_wait_seconds,
    c.private_replies,
    c.hold_until IS NOT NULL AND c.hold_until > clock() AS is_holding
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN pace AS p ON c.account_id = p.account_id
WHERE c.campaign_id = %(campaign_id)s
