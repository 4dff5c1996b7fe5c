-- Makes the ready messages of a dry run ineligible whose people cannot be reached at `at`, with the reason: what
-- messages/set_aside does by moves, in one pass.
UPDATE pg_temp.message_list AS m
SET state = 'ineligible', reason = u.reason
FROM
    unreachable_messages(
        %(campaign_id)s::uuid, %(at)s::timestamptz, %(margin_seconds)s::float8, %(reserve_seconds)s::float8
    ) AS u
WHERE m.message_id = u.message_id
