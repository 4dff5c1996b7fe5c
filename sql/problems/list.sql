-- Returns the problems of a campaign: the file's first, then by row.
SELECT
    row_number,
    column_name,
    finding,
    facts
FROM problem
WHERE campaign_id = %(campaign_id)s
ORDER BY row_number ASC NULLS FIRST, problem_id ASC
LIMIT %(most)s
