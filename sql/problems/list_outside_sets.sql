-- Returns the values that stand in no set of values, each once for its variable and at most a thousand, for
-- templates that have sets: Python looks for the allowed value that each was meant to be, once and not row by row.
SELECT DISTINCT
    r.variable,
    normalize(s.cells[r.place]) AS value
FROM staged_row AS s
CROSS JOIN jsonb_to_recordset(%(sets)s::jsonb) AS r (variable text, place integer, one_of jsonb)
WHERE
    s.campaign_id = %(campaign_id)s
    AND s.cells[r.place] IS NOT NULL
    AND r.one_of -> s.cells[r.place] IS NULL
    AND r.one_of -> normalize(s.cells[r.place]) IS NULL
ORDER BY r.variable, value
LIMIT 1000
