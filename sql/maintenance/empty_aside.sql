-- Empties what was set aside, after all of it has arrived.
TRUNCATE interaction_aside
