-- Returns one list that is submitted again and again.
SELECT * FROM recurring WHERE recurring_id = %(recurring_id)s
