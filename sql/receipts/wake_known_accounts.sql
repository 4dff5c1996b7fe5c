-- Lets bodies wait once more that told of an account which was not kept then and is now. What else they told is applied
-- a second time, which changes nothing. Its cost goes with the number of accounts. Returns how many bodies.
WITH known AS (
    DELETE FROM unknown_account AS u
    USING account AS a
    WHERE u.channel = a.channel AND u.external_id = a.external_id
    RETURNING u.receipt_id
),

woken AS (
    UPDATE receipt_inbox AS r
    SET applied_at = NULL
    FROM (SELECT DISTINCT receipt_id FROM known) AS k
    WHERE r.receipt_id = k.receipt_id
    RETURNING r.receipt_id
)

SELECT count(*) AS woken_count FROM woken
