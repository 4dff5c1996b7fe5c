-- Returns whoever has an open window, by their newest opener, of accounts that send through the platform itself.
SELECT
    a.external_id,
    l.user_id,
    l.opener_at
FROM last_interaction AS l
INNER JOIN account AS a ON l.account_id = a.account_id
WHERE a.provider = 'graph' AND window_end(l.opener_at) > clock()
ORDER BY a.external_id, l.user_id
