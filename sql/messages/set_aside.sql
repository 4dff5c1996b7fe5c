-- Moves the ready messages of a campaign whose people cannot be reached at `at` to ineligible, with the reason: the
-- person is suppressed, has no open window (and no comment that may be answered), or is at the account's cap until
-- after it. Returns how many.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            message_change(
                d.message_id,
                'ineligible',
                CASE
                    WHEN d.is_suppressed THEN suppression_reason(d.suppression)
                    WHEN d.ends_at - %(lead)s::interval > %(at)s::timestamptz THEN 'cap_reached'
                    WHEN d.window_ends_at IS NULL THEN 'never_interacted'
                    ELSE 'window_closed'
                END
            )
        FROM message_deadline AS d
        INNER JOIN account AS a ON d.account_id = a.account_id
        WHERE
            d.campaign_id = %(campaign_id)s
            AND d.state = 'ready'
            AND (
                d.is_suppressed
                OR coalesce(d.ends_at - %(lead)s::interval <= %(at)s::timestamptz, TRUE)
                OR (
                    a.cap_messages IS NOT NULL
                    AND cap_free_at(d.account_id, d.user_id) >= least(d.ends_at - %(lead)s::interval, d.not_after)
                )
            )
    )
)
