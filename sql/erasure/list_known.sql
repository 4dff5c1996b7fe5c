-- Returns which of these people of an account have written, as far as we know them by their plain ids.
SELECT user_id
FROM last_interaction
WHERE account_id = %(account_id)s AND user_id = ANY(%(user_ids)s::text[])
