-- A message of which a receipt came after all is not one without any. Returns of how many that was said.
SELECT
    forget_no_receipt(
        ARRAY(
            SELECT m.message_id
            FROM (SELECT DISTINCT message_id FROM told_message) AS t
            INNER JOIN message_list AS m ON t.message_id = m.message_id
            WHERE m.reason = 'no_receipt'
        )
    ) AS forgotten_count
