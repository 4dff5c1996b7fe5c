-- Returns how many times in a row the platform asked an account's look-ups to wait. No row: never looked up.
SELECT throttle_count FROM look_up_pace WHERE account_id = %(account_id)s
