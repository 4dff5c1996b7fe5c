-- Drops a day of interactions with its partition.
SELECT drop_interaction_day(%(day)s::date) AS dropped
