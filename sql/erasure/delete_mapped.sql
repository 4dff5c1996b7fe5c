-- Deletes what is kept of a person from a team's own table of interactions, where the account has a name of its own.
DELETE FROM mapped_ahead AS h
USING account AS a
WHERE a.account_id = %(account_id)s AND h.account IN (a.name, a.external_id) AND h.user_id = %(user_id)s
