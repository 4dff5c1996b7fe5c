-- Returns how many of a timed campaign's people could be reached at its time and cannot now: their windows closed while
-- it waited to be started, and none of them has written since.
SELECT count(*) AS people
FROM message_deadline
WHERE
    campaign_id = %(campaign_id)s
    AND state = 'ready'
    AND NOT is_suppressed
    AND ends_at - %(lead)s::interval BETWEEN scheduled_at AND %(now)s::timestamptz
