-- Returns webhook bodies received in a span of time that hold an echo and the digits of an id (of a person, of an
-- account), oldest first. Digits are written plainly in JSON, so looking for their bytes misses none; what else the
-- body is about is for its reader to see.
SELECT body
FROM receipt_inbox
WHERE
    received_at >= %(since)s::timestamptz
    AND position(convert_to(%(digits)s::text, 'UTF8') IN body) > 0
    AND position(convert_to('is_echo', 'UTF8') IN body) > 0
ORDER BY received_at
LIMIT %(most)s
