-- The platform answered a look-up again: the next time it asks to wait, waiting begins small.
UPDATE look_up_pace SET throttle_count = 0 WHERE account_id = %(account_id)s AND throttle_count > 0
