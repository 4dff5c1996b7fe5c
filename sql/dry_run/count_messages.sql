-- Returns how many messages of a dry run are in each state, for each reason.
SELECT
    state,
    reason,
    count(*) AS message_count
FROM pg_temp.message_list
GROUP BY state, reason
