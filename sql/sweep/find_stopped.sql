-- Returns campaigns that stand still though they could go on: timed ones whose time passed `late_seconds` ago, and
-- sending ones with a message that can be claimed now, of which none was claimed for `still_seconds`, or for
-- `broken_off_seconds` where a run is known to have broken off (`broken_off_ids`). Campaigns whose account is paused or
-- was asked to wait stand still for a reason, and are left out.
SELECT
    c.campaign_id,
    c.name,
    a.name AS account,
    c.state,
    extract(
        EPOCH FROM clock()
        - CASE
            WHEN c.state = 'sending' THEN coalesce(x.started_at, c.started_at)
            ELSE coalesce(c.scheduled_at, c.created_at)
        END
    )::float8 AS still_seconds
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN pace AS p ON c.account_id = p.account_id
LEFT JOIN LATERAL (
    SELECT max(t.started_at) AS started_at
    FROM message_list AS m
    INNER JOIN attempt AS t ON m.attempt_id = t.attempt_id
    WHERE m.campaign_id = c.campaign_id AND c.state = 'sending'
) AS x ON TRUE
WHERE
    a.paused_at IS NULL
    AND p.not_before <= clock()
    AND (
        (
            c.state = 'scheduled'
            AND coalesce(c.scheduled_at, c.created_at) < clock() - %(late_seconds)s::float8 * interval '1 s'
        )
        OR (
            c.state = 'sending'
            AND coalesce(x.started_at, c.started_at)
            < clock()
            - CASE
                WHEN c.campaign_id = ANY(%(broken_off_ids)s::uuid[]) THEN %(broken_off_seconds)s::float8
                ELSE %(still_seconds)s::float8
            END * interval '1 s'
            AND EXISTS (
                SELECT 1
                FROM message_deadline AS d
                WHERE
                    d.campaign_id = c.campaign_id
                    AND d.state = 'ready'
                    AND (d.not_before IS NULL OR d.not_before <= clock())
                    AND (a.cap_messages IS NULL OR cap_free_at(d.account_id, d.user_id) <= clock())
                    AND d.ends_at - %(lead)s::interval > clock()
                    AND NOT EXISTS (
                        SELECT 1 FROM attempt AS u
                        WHERE u.account_id = d.account_id AND u.user_id = d.user_id AND u.settled_at IS NULL
                    )
            )
        )
    )
ORDER BY c.campaign_id
