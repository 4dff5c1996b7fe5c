-- Returns the account of a name, or else those of a platform id, which a Page and an Instagram account may share. One
-- name may be another's id: the name stands first.
SELECT
    a.*,
    p.per_second
FROM account AS a
INNER JOIN pace AS p ON a.account_id = p.account_id
WHERE a.name = %(name)s OR a.external_id = %(name)s
ORDER BY (a.name = %(name)s) DESC, a.account_id ASC
LIMIT 2
