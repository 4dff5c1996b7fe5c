-- Returns campaigns with messages that have been unknown for longer than `old_seconds`, and how many.
SELECT
    c.campaign_id,
    c.name,
    a.name AS account,
    count(*) AS message_count
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id
WHERE
    m.state = 'unknown'
    AND m.state_since < clock() - %(old_seconds)s::float8 * interval '1 s'
    AND m.state_since > clock() - %(days)s::float8 * interval '1 day'
GROUP BY c.campaign_id, a.name
ORDER BY c.campaign_id
