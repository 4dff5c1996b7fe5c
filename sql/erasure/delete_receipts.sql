-- Deletes what the platform told of the messages to a person.
WITH mids AS (
    DELETE FROM mid_receipt
    WHERE account_id = %(account_id)s AND user_id = %(user_id)s
)

DELETE FROM watermark
WHERE account_id = %(account_id)s AND user_id = %(user_id)s
