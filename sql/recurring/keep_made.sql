-- Keeps up to when every occurrence has its run; two sweeps at once leave the later time.
UPDATE recurring
SET made_until = greatest(made_until, %(made_until)s)
WHERE recurring_id = %(recurring_id)s
