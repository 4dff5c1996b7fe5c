-- Returns the people, by plain ids, of whom there are receipts and comments, and who have not written as far as we
-- know: among them are those whose last receipts came after their erasure.
SELECT
    p.account_id,
    p.user_id
FROM (
    SELECT
        account_id,
        user_id
    FROM mid_receipt
    UNION
    SELECT
        account_id,
        user_id
    FROM watermark
    UNION
    SELECT
        account_id,
        user_id
    FROM entitlement
) AS p
WHERE
    p.user_id NOT LIKE 'erased:%%'
    AND NOT EXISTS (
        SELECT 1 FROM last_interaction AS l WHERE l.account_id = p.account_id AND l.user_id = p.user_id
    )
