-- Deletes what the platform told of the messages to a person, and of their answers to marketing messages: an opt-out is
-- kept by what stands for them.
WITH mids AS (
    DELETE FROM mid_receipt
    WHERE account_id = %(account_id)s AND user_id = %(user_id)s
),

answers AS (
    DELETE FROM marketing_answer
    WHERE account_id = %(account_id)s AND user_id = %(user_id)s
)

DELETE FROM watermark
WHERE account_id = %(account_id)s AND user_id = %(user_id)s
