-- Deletes the full hours of which was counted who could be reached, when they are older than nights are kept; at most
-- `most`. Returns how many.
--
-- A night reads those of four weeks, which is less than nights are kept at the least.
WITH deleted AS (
    DELETE FROM eligibility_hour
    WHERE
        (account_id, at) IN (
            SELECT
                h.account_id,
                h.at
            FROM eligibility_hour AS h
            WHERE h.at < clock() - %(days)s::integer * interval '1 day'
            ORDER BY h.at
            LIMIT %(most)s
        )
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
