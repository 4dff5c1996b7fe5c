-- Forgets how far the walk of an account has come; what it found stays.
DELETE FROM backfill WHERE account_id = %(account_id)s
