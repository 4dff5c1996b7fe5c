-- Says how a request for deletion was handled, and forgets the id.
UPDATE deletion_request
SET state = %(state)s, handled_at = clock(), app_user_id = NULL
WHERE code = %(code)s AND state = 'waiting'
