-- Locks a campaign's row until the transaction ends, so that two starts judge its windows one after the other.
SELECT
    c.state,
    c.pause_reason,
    c.scheduled_at,
    c.not_after,
    c.account_id,
    c.scheduled_at IS NOT NULL AND c.scheduled_at > clock() AS is_early,
    extract(EPOCH FROM c.scheduled_at - clock())::float8 AS early_seconds,
    extract(EPOCH FROM clock() - c.scheduled_at)::float8 AS late_seconds,
    -- Since a person let it go on, its start is late anew: what was late before was accepted with that.
    extract(EPOCH FROM clock() - greatest(c.scheduled_at, c.resumed_at))::float8 AS unasked_late_seconds,
    c.accepts_old_interactions,
    c.asks_approval,
    a.paused_at IS NOT NULL AS is_account_paused,
    a.name AS account,
    a.pause_reason AS account_pause_reason
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
WHERE c.campaign_id = %(campaign_id)s
FOR UPDATE OF c
