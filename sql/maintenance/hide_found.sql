-- Takes out of the problems of a campaign what was found in its cells; which problem it was, and where, stays.
UPDATE problem
SET facts = facts || '{"found": "(deleted)"}'
WHERE campaign_id = %(campaign_id)s AND facts ? 'found'
