-- Empties the segment of an earlier report of this connection.
TRUNCATE segment_person
