-- Returns campaigns of the last days whose submit has ended before it was done: made, and neither refused nor admitted,
-- for `old_minutes`. One that waits for its approval was admitted.
SELECT
    c.campaign_id,
    c.name,
    a.name AS account,
    extract(EPOCH FROM clock() - c.created_at)::float8 / 60 AS minutes
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
WHERE
    c.state IN ('draft', 'validated')
    AND c.created_at < clock() - %(old_minutes)s::float8 * interval '1 min'
    AND c.created_at > clock() - %(days)s::float8 * interval '1 day'
ORDER BY c.campaign_id
