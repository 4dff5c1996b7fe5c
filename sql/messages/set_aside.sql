-- Moves the ready messages of a campaign whose people cannot be reached at `at` to ineligible, with why. Says how many.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            ROW(
                m.message_id, 'ineligible',
                CASE
                    WHEN s.user_id IS NOT NULL THEN 'opted_out'
                    WHEN l.user_id IS NULL THEN 'never_interacted'
                    ELSE 'window_closed'
                END,
                NULL, NULL, NULL, NULL, NULL, NULL, NULL
            )::message_change
        FROM message_list AS m
        LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
        LEFT JOIN suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
        WHERE
            m.campaign_id = %(campaign_id)s
            AND m.state = 'ready'
            AND (
                s.user_id IS NOT NULL
                OR l.user_id IS NULL
                OR l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
                <= %(at)s::timestamptz + %(reserve_seconds)s::float8 * interval '1 s'
            )
    )
)
