-- Returns the next webhook bodies, after `after_id`, that hold the digits of an id; what else they are about is for
-- their reader to see. Digits are written plainly in JSON, so looking for their bytes misses none.
SELECT
    receipt_id,
    body
FROM receipt_inbox
WHERE receipt_id > %(after_id)s AND position(convert_to(%(user_id)s::text, 'UTF8') IN body) > 0
ORDER BY receipt_id
LIMIT %(most)s
