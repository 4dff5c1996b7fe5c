-- Stops submitting a list again. No row: there is none, or it is stopped already.
UPDATE recurring
SET stopped_at = clock()
WHERE recurring_id = %(recurring_id)s AND stopped_at IS NULL
RETURNING recurring_id
