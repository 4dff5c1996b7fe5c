-- Moves the ready messages of campaigns that may no longer be sent: window closed, not_after passed, or the account's
-- cap was reached until then. With `hold_until` still to come, people whose window closed are waited for once more
-- (`ineligible`) instead of given up (`expired`). Returns how many. At most `most` of each campaign a time, read from
-- the head of the turn index, where the soonest-closing stand; an opener that arrived raises closes_at, so a window
-- that is open again is not closed here (it is read live too). Who has commented, in a campaign that may answer, gets
-- the turn of a private reply instead.
WITH now AS MATERIALIZED (
    SELECT clock() AS at
),

over AS MATERIALIZED (
    SELECT o.*
    FROM campaign AS c
    INNER JOIN account AS a ON c.account_id = a.account_id
    CROSS JOIN now
    CROSS JOIN
        LATERAL (
            SELECT
                m.message_id,
                c.not_after IS NOT NULL
                AND c.not_after <= now.at + %(slot_wait_seconds)s::float8 * interval '1 s' AS is_too_late,
                a.cap_messages IS NOT NULL AND cap_free_at(m.account_id, m.user_id) > now.at AS is_at_cap,
                c.hold_until IS NOT NULL AND c.hold_until > now.at AS is_held,
                r.until - %(margin)s::interval AS reply_until,
                r.until - %(lead)s::interval > now.at AS may_reply
            FROM message_list AS m
            LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
            LEFT JOIN LATERAL (
                SELECT max(o.until) AS until FROM open_entitlement AS o
                WHERE c.private_replies AND o.account_id = m.account_id AND o.user_id = m.user_id
            ) AS r ON TRUE
            WHERE
                m.campaign_id = c.campaign_id
                AND m.state = 'ready'
                AND (
                    (c.not_after IS NOT NULL AND c.not_after <= now.at + %(slot_wait_seconds)s::float8 * interval '1 s')
                    OR (
                        m.closes_at <= now.at + %(reserve)s::interval
                        AND coalesce(window_end(l.opener_at) - %(lead)s::interval <= now.at, TRUE)
                    )
                )
            ORDER BY m.closes_at ASC, m.message_id ASC
            LIMIT %(most)s
            FOR UPDATE OF m SKIP LOCKED
        ) AS o
    WHERE c.campaign_id = ANY(%(campaign_ids)s::uuid[]) AND c.state = 'sending'
),

turned AS (
    UPDATE message_list AS m
    SET closes_at = o.reply_until, reply_until = o.reply_until
    FROM over AS o
    WHERE m.message_id = o.message_id AND o.may_reply AND NOT o.is_too_late
)

SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            message_change(
                message_id,
                CASE WHEN is_held AND NOT is_too_late THEN 'ineligible' ELSE 'expired' END::message_state,
                CASE
                    WHEN is_at_cap THEN 'cap_reached'
                    WHEN is_too_late THEN 'not_after_passed'
                    ELSE 'window_closed'
                END::reason
            )
        FROM over
        WHERE is_too_late OR may_reply IS NOT TRUE
    )
)
