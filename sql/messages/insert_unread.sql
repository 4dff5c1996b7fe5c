-- Turns every staged row of a file whose header could not be read into an invalid message: no row is lost from sight.
-- Returns how many.
WITH added AS (
    INSERT INTO message_list (campaign_id, account_id, row_number, typed_user_id, cells, state, reason)
    SELECT
        %(campaign_id)s,
        %(account_id)s,
        row_number,
        typed_user_id,
        cells,
        'invalid',
        'bad_header'
    FROM staged_row
    WHERE campaign_id = %(campaign_id)s
    RETURNING message_id
)

SELECT count(*) AS message_count FROM added
