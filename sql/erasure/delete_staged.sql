-- Deletes a person's rows of lists whose submit ended on the way.
DELETE FROM staged_row AS s
USING campaign AS c
WHERE
    s.campaign_id = c.campaign_id
    AND c.account_id = %(account_id)s
    AND concat_ws(' ', s.user_id, s.typed_user_id, array_to_string(s.cells, ' '))
    ~ ('(^|[^0-9])' || %(user_id)s || '($|[^0-9])')
