-- Gives up the ready messages of a campaign whose only right was a comment or a post that cannot be answered any more:
-- another campaign has answered it, the platform refused it, or it was taken back. With `hold_until` still to come
-- their people are waited for (`ineligible`) instead. An answer that is on its way right now may end as not sent, so
-- its comment is not given up yet. Returns how many; at most `most` a time.
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

over AS MATERIALIZED (
    SELECT
        m.message_id,
        c.hold_until IS NOT NULL AND c.hold_until > now.at AS is_held
    FROM message_list AS m
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    CROSS JOIN now
    WHERE
        m.campaign_id = %(campaign_id)s
        AND m.state = 'ready'
        AND m.reply_until IS NOT NULL
        AND c.state = 'sending'
        AND coalesce(window_end(l.opener_at) - %(lead)s::interval <= now.at, TRUE)
        AND NOT EXISTS (
            SELECT 1
            FROM entitlement AS e
            LEFT JOIN attempt AS x
                ON
                    e.account_id = x.account_id
                    AND e.object_id = x.entitlement_id
                    AND coalesce(x.outcome NOT IN ('not_sent', 'absent'), TRUE)
            WHERE
                e.account_id = m.account_id
                AND e.user_id = m.user_id
                AND e.removed_at IS NULL
                AND e.given_at + interval '7 days' - %(lead)s::interval > now.at
                AND x.outcome IS NULL
        )
    ORDER BY m.reply_until ASC, m.message_id ASC
    LIMIT %(most)s
    FOR UPDATE OF m SKIP LOCKED
)

SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            CASE
                WHEN is_held THEN message_change(message_id, 'ineligible', 'window_closed')
                ELSE message_change(message_id, 'expired', 'comment_invalid')
            END
        FROM over
    )
)
