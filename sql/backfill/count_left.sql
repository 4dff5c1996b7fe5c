-- Returns how many conversations of an account are still to be read, those included that others are at.
SELECT count(*) AS left_count FROM backfill_conversation WHERE account_id = %(account_id)s
