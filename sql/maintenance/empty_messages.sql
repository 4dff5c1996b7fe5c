-- Deletes the values of the next rows of a campaign, after `after_row`, and what stood in the place of an id where no
-- id was read. The ids of people stay with the states. Returns the last of these rows (NULL: there are none) and how
-- many changed.
WITH piece AS MATERIALIZED (
    SELECT
        message_id,
        row_number
    FROM message_list
    WHERE campaign_id = %(campaign_id)s AND row_number > %(after_row)s
    ORDER BY row_number
    LIMIT %(most)s
),

emptied AS (
    UPDATE message_list AS m
    SET cells = '{}', typed_user_id = CASE WHEN m.user_id IS NULL THEN NULL ELSE m.typed_user_id END
    FROM piece AS p
    WHERE
        m.message_id = p.message_id
        AND (m.cells <> '{}' OR (m.user_id IS NULL AND m.typed_user_id IS NOT NULL))
    RETURNING 1
)

SELECT
    (SELECT max(row_number) FROM piece) AS last_row,
    (SELECT count(*) FROM emptied) AS changed_count
