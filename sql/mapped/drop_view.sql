-- Drops the view at once, so that it may be made anew of another table.
DROP VIEW mapped_interaction
