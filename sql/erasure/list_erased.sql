-- Returns everybody whose data was erased: what stands for them, when it was, by which key, and of which account.
SELECT
    e.account_id,
    e.tombstone,
    e.key_print,
    e.erased_at,
    a.channel,
    a.external_id
FROM erased_person AS e
INNER JOIN account AS a ON e.account_id = a.account_id
WHERE %(account_id)s::bigint IS NULL OR e.account_id = %(account_id)s::bigint
