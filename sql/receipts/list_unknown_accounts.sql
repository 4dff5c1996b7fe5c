-- Returns of which accounts that are not kept here the inbox tells, with how many events in how many bodies.
SELECT
    channel,
    external_id,
    count(*) AS body_count,
    sum(event_count)::bigint AS event_count
FROM unknown_account
GROUP BY channel, external_id
ORDER BY channel, external_id
