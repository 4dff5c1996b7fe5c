-- Moves the ready messages of a campaign whose people cannot be reached at `at` to ineligible, with the reason. Returns
-- how many.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT
            ROW(
                u.message_id, 'ineligible', u.reason, NULL, NULL, NULL, NULL, NULL, NULL, NULL
            )::message_change
        FROM
            unreachable_messages(
                %(campaign_id)s::uuid, %(at)s::timestamptz, %(margin_seconds)s::float8, %(reserve_seconds)s::float8
            ) AS u
    )
)
