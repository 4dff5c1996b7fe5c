-- Returns in how many rows each finding of each column was made (a cell with two problems counts once for each), and
-- of duplicates how many rows they repeat: with those, every row that shares its person with another one is counted.
SELECT
    column_name,
    finding,
    count(DISTINCT row_number) AS row_count,
    count(DISTINCT facts ->> 'first_row') AS first_row_count
FROM problem
WHERE campaign_id = %(campaign_id)s
GROUP BY column_name, finding
