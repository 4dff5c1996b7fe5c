-- Returns judged campaigns whose messages are not as many as the rows that their file was read to have: starts from
-- what is expected, so that a campaign without any message is found too.
SELECT
    c.campaign_id,
    c.name,
    a.name AS account,
    u.row_count,
    count(m.message_id) AS message_count
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN upload AS u ON c.campaign_id = u.campaign_id
LEFT JOIN message_list AS m ON c.campaign_id = m.campaign_id
WHERE c.state <> 'draft' AND c.created_at > clock() - %(days)s::float8 * interval '1 day'
GROUP BY c.campaign_id, a.name, u.row_count
HAVING count(m.message_id) <> u.row_count
ORDER BY c.campaign_id
