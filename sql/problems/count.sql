-- Returns how often each finding was made.
SELECT
    finding,
    count(*) AS problem_count
FROM problem
WHERE campaign_id = %(campaign_id)s
GROUP BY finding
ORDER BY finding
