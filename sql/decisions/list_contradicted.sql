-- Returns the decisions of absence that proof contradicted later, newest first: each may have cost a second copy.
SELECT
    d.message_id,
    m.campaign_id,
    m.row_number,
    d.decided_by,
    d.decided_at,
    d.contradicted_at
FROM decision AS d
INNER JOIN message_list AS m ON d.message_id = m.message_id
WHERE d.contradicted_at IS NOT NULL
ORDER BY d.contradicted_at DESC
LIMIT 100
