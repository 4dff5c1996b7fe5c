-- Moves the ready messages of a campaign that may no longer be sent: window closed, not_after passed.
-- Returns how many. At most `most` a time, read from the head of the turn index, where the soonest-closing stand;
-- an opener that arrived raises closes_at, so a window that is open again is not closed here (it is read live too).
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

over AS MATERIALIZED (
    SELECT
        m.message_id,
        c.not_after IS NOT NULL
        AND c.not_after <= now.at + %(slot_wait_seconds)s::float8 * interval '1 s' AS is_too_late
    FROM message_list AS m
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    CROSS JOIN now
    LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    WHERE
        m.campaign_id = %(campaign_id)s
        AND m.state = 'ready'
        AND c.state = 'sending'
        AND (
            (c.not_after IS NOT NULL AND c.not_after <= now.at + %(slot_wait_seconds)s::float8 * interval '1 s')
            OR (
                m.closes_at <= now.at + %(reserve_seconds)s::float8 * interval '1 s'
                AND coalesce(
                    l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
                    <= now.at + %(reserve_seconds)s::float8 * interval '1 s',
                    TRUE
                )
            )
        )
    ORDER BY m.closes_at ASC, m.message_id ASC
    LIMIT %(most)s
    FOR UPDATE OF m SKIP LOCKED
)

SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            ROW(
                message_id, 'expired',
                CASE WHEN is_too_late THEN 'not_after_passed' ELSE 'window_closed' END,
                NULL, NULL, NULL, NULL, NULL, NULL, NULL
            )::message_change
        FROM over
    )
)
