-- Returns the attempt on a person that is under way or unknown and not settled, and until when it is at most.
SELECT
    outcome IS NULL AS is_under_way,
    CASE
        WHEN outcome IS NULL THEN lease_until
        ELSE least(opener_at, started_at) + interval '24 h'
    END AS settles_at
FROM attempt
WHERE account_id = %(account_id)s AND user_id = %(user_id)s AND settled_at IS NULL
