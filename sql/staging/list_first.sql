-- Returns the first three staged rows as they were typed, left to right: shown to a person whose file has no header.
SELECT
    row_number,
    ARRAY(
        SELECT coalesce(t.cell, '')
        FROM unnest(array_prepend(typed_user_id, cells)) WITH ORDINALITY AS t (cell, place)
        ORDER BY t.place
    ) AS texts
FROM staged_row
WHERE campaign_id = %(campaign_id)s
ORDER BY row_number
LIMIT 3
