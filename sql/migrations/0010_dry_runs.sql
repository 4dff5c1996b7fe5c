-- Returns the ready messages of a campaign whose people cannot be reached at a time, with the reason: left in peace, no
-- open window (and no comment that may be answered), or at the account's cap until after it. A submit moves them, a dry
-- run counts them. Its tables have no schema in front: a dry run has temporary ones of the same names. Postgres takes
-- it as a part of the statement that calls it, so it has no search path of its own.
CREATE FUNCTION unreachable_messages(
    of_campaign uuid, at_time timestamptz, margin_seconds float8, reserve_seconds float8
) RETURNS TABLE (message_id bigint, reason reason) LANGUAGE sql STABLE AS $$
    SELECT
        m.message_id,
        CASE
            WHEN s.kind = 'opted_out' THEN 'opted_out'
            WHEN s.kind = 'erased' THEN 'erased'
            WHEN s.kind = 'unavailable' THEN 'person_unavailable'
            WHEN
                l.user_id IS NULL
                AND coalesce(
                    r.until - margin_seconds * interval '1 s' <= at_time + reserve_seconds * interval '1 s', TRUE
                )
                THEN 'never_interacted'
            WHEN
                greatest(l.opener_at + interval '24 h', r.until) - margin_seconds * interval '1 s'
                <= at_time + reserve_seconds * interval '1 s'
                THEN 'window_closed'
            ELSE 'cap_reached'
        END::reason
    FROM message_list AS m
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    INNER JOIN account AS a ON m.account_id = a.account_id
    LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
    LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
    LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
    WHERE
        m.campaign_id = of_campaign
        AND m.state = 'ready'
        AND (
            s.user_id IS NOT NULL
            OR (l.user_id IS NULL AND r.user_id IS NULL)
            OR greatest(l.opener_at + interval '24 h', r.until) - margin_seconds * interval '1 s'
            <= at_time + reserve_seconds * interval '1 s'
            OR (
                a.cap_messages IS NOT NULL
                AND cap_free_at(m.account_id, m.user_id)
                >= least(
                    greatest(l.opener_at + interval '24 h', r.until)
                    - (margin_seconds + reserve_seconds) * interval '1 s',
                    c.not_after
                )
            )
        )
$$;
REVOKE ALL ON FUNCTION unreachable_messages(uuid, timestamptz, float8, float8) FROM public;

-- As before, and of the real messages in a dry run too.
CREATE OR REPLACE FUNCTION cap_free_at(of_account bigint, of_user text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (
            SELECT coalesce(m.sent_at, m.state_since) + a.cap_hours * interval '1 h'
            FROM windowcast.account AS a
            INNER JOIN windowcast.message_list AS m ON a.account_id = m.account_id
            WHERE
                a.account_id = of_account
                AND m.user_id = of_user
                AND m.state IN ('sent', 'delivered', 'read', 'unknown')
            ORDER BY coalesce(m.sent_at, m.state_since) DESC
            LIMIT 1
            OFFSET (
                SELECT greatest(x.cap_messages - 1, 0) FROM windowcast.account AS x WHERE x.account_id = of_account
            )
        ),
        'epoch'
    )
$$;
