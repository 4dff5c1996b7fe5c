-- Returns the opt-outs of an account, newest first.
SELECT
    user_id,
    source,
    added_at
FROM suppression
WHERE account_id = %(account_id)s
ORDER BY added_at DESC, user_id ASC
