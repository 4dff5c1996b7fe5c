-- Makes every look-up of the account wait: the platform asked for it. A wait never gets shorter by this.
UPDATE look_up_pace
SET
    not_before = greatest(not_before, clock() + %(wait_seconds)s::float8 * interval '1 s'),
    throttle_count = throttle_count + 1
WHERE account_id = %(account_id)s
