-- Gives a day a partition of its own; returns whether it was made.
SELECT make_interaction_day(%(day)s::date) AS was_made
