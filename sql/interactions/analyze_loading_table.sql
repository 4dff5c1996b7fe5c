-- Counts what has come in, so that a large load is joined by hashes and a small one by indexes.
ANALYZE loading_interaction
