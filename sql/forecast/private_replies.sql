-- Returns how many people a campaign that starts at `at` can reach by a private reply alone: no window is open then,
-- and a comment or a post may be answered.
SELECT count(*) AS people
FROM message_deadline
WHERE
    campaign_id = %(campaign_id)s
    AND NOT is_suppressed
    AND reply_ends_at - %(lead)s::interval > %(at)s::timestamptz
    AND coalesce(window_ends_at - %(lead)s::interval <= %(at)s::timestamptz, TRUE)
