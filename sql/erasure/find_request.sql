-- Returns how a request for deletion stands, by the code that its person was given.
SELECT
    state,
    requested_at,
    handled_at
FROM deletion_request
WHERE code = %(code)s
