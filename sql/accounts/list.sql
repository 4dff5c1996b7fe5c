-- Returns all accounts with their pace, newest first.
SELECT
    a.*,
    p.per_second
FROM account AS a
INNER JOIN pace AS p ON a.account_id = p.account_id
ORDER BY a.account_id DESC
