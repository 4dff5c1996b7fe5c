-- Returns all accounts with their pace and the newest that the platform told of them by its policies, newest first.
SELECT
    a.*,
    p.per_second,
    n.action AS note_action,
    n.told_at AS note_at,
    n.reason AS note_reason
FROM account AS a
INNER JOIN pace AS p ON a.account_id = p.account_id
LEFT JOIN LATERAL (
    SELECT
        e.action,
        e.told_at,
        e.reason
    FROM policy_event AS e
    WHERE e.account_id = a.account_id
    ORDER BY e.told_at DESC, e.action DESC
    LIMIT 1
) AS n ON TRUE
ORDER BY a.account_id DESC
