-- Returns in how many rows each problem of each column was found, and whether any id stands on two rows: what the
-- suite's results are compared with. A cell with two problems counts once for each.
SELECT
    (
        SELECT json_agg(json_build_object('column', p.column_name, 'finding', p.finding, 'problem_count', p.row_count))
        FROM (
            SELECT
                column_name,
                finding,
                count(DISTINCT row_number) AS row_count
            FROM problem
            WHERE campaign_id = %(campaign_id)s
            GROUP BY column_name, finding
        ) AS p
    ) AS problems,
    EXISTS(
        SELECT 1
        FROM staged_row
        WHERE campaign_id = %(campaign_id)s AND user_id IS NOT NULL
        GROUP BY user_id
        HAVING count(*) > 1
    ) AS has_repetition
