-- Returns who of an account is left in peace, newest first: opt-outs, and cool-offs that are not over.
SELECT
    user_id,
    kind,
    source,
    added_at,
    until
FROM active_suppression
WHERE account_id = %(account_id)s
ORDER BY added_at DESC, user_id ASC
