-- Moves the ready messages of a campaign whose people cannot be reached at `at` to ineligible, with why: left in peace,
-- no open window (and no comment that may be answered), or at the account's cap until after it. Says how many.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            ROW(
                m.message_id, 'ineligible',
                CASE
                    WHEN s.kind = 'opted_out' THEN 'opted_out'
                    WHEN s.kind = 'erased' THEN 'erased'
                    WHEN s.kind = 'unavailable' THEN 'person_unavailable'
                    WHEN
                        l.user_id IS NULL
                        AND coalesce(
                            r.until - %(margin_seconds)s::float8 * interval '1 s'
                            <= %(at)s::timestamptz + %(reserve_seconds)s::float8 * interval '1 s',
                            TRUE
                        )
                        THEN 'never_interacted'
                    WHEN
                        greatest(l.opener_at + interval '24 h', r.until) - %(margin_seconds)s::float8 * interval '1 s'
                        <= %(at)s::timestamptz + %(reserve_seconds)s::float8 * interval '1 s'
                        THEN 'window_closed'
                    ELSE 'cap_reached'
                END,
                NULL, NULL, NULL, NULL, NULL, NULL, NULL
            )::message_change
        FROM message_list AS m
        INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
        INNER JOIN account AS a ON m.account_id = a.account_id
        LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
        LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
        LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
        WHERE
            m.campaign_id = %(campaign_id)s
            AND m.state = 'ready'
            AND (
                s.user_id IS NOT NULL
                OR (l.user_id IS NULL AND r.user_id IS NULL)
                OR greatest(l.opener_at + interval '24 h', r.until) - %(margin_seconds)s::float8 * interval '1 s'
                <= %(at)s::timestamptz + %(reserve_seconds)s::float8 * interval '1 s'
                OR (
                    a.cap_messages IS NOT NULL
                    AND cap_free_at(m.account_id, m.user_id)
                    >= least(
                        greatest(l.opener_at + interval '24 h', r.until)
                        - (%(margin_seconds)s::float8 + %(reserve_seconds)s::float8) * interval '1 s',
                        c.not_after
                    )
                )
            )
    )
)
