-- Takes the reading of the mapped table, for this transaction; no row: somebody has read it within `every_seconds`.
-- One that is read from ahead of the clock was read before the server's clock was put back.
INSERT INTO mapped_read AS r (is_only) VALUES (TRUE)
ON CONFLICT (is_only) DO UPDATE
    SET read_at = clock()
    WHERE NOT r.read_at BETWEEN clock() - %(every_seconds)s::float8 * interval '1 s' AND clock()
RETURNING r.read_at
