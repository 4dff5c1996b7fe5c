-- Returns the messages of a campaign in the order of the sheet, each with all that is wrong with its row (NULL:
-- nothing). The problems are put together once for all rows: row by row it would be a look-up for each of a million.
WITH row_problem AS (
    SELECT
        row_number,
        json_agg(
            json_build_object('column', column_name, 'finding', finding, 'facts', facts) ORDER BY problem_id
        ) AS problems
    FROM problem
    WHERE campaign_id = %(campaign_id)s AND row_number IS NOT NULL
    GROUP BY row_number
)

SELECT
    m.row_number,
    m.typed_user_id,
    m.cells,
    m.state,
    m.reason,
    m.closes_at,
    m.sent_at,
    m.delivered_at,
    m.read_at,
    m.provider_message_id,
    CASE
        WHEN x.attempt_id IS NULL THEN NULL
        WHEN x.entitlement_id IS NULL THEN 'window'
        ELSE 'private reply'
    END AS sent_by,
    p.problems
FROM message_list AS m
LEFT JOIN attempt AS x ON m.attempt_id = x.attempt_id
LEFT JOIN row_problem AS p ON m.row_number = p.row_number
WHERE m.campaign_id = %(campaign_id)s
ORDER BY m.row_number
