-- Drops the loading table at once, so that one transaction may load more than once.
DROP TABLE loading_interaction
