-- The platform answered again: the next time it is away, waiting begins small.
UPDATE pace SET away_count = 0 WHERE account_id = %(account_id)s AND away_count > 0
