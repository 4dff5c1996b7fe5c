-- Sets or takes away the cap of an account: so many campaign messages per person in so many hours.
UPDATE account SET cap_messages = %(messages)s, cap_hours = %(hours)s WHERE account_id = %(account_id)s
