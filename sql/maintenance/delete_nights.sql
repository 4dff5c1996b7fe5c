-- Deletes the reports of nights that are older than nights are kept; at most `most`. Returns how many.
--
-- Counted from when the night was measured, and not from its day, which is one of the team's zone. There is a line for
-- each account and night, so these are few and no index is needed.
WITH deleted AS (
    DELETE FROM eligibility_snapshot
    WHERE
        (account_id, night) IN (
            SELECT
                s.account_id,
                s.night
            FROM eligibility_snapshot AS s
            WHERE s.measured_at < clock() - %(days)s::integer * interval '1 day'
            ORDER BY s.measured_at
            LIMIT %(most)s
        )
    RETURNING 1
)

SELECT count(*) AS deleted_count FROM deleted
