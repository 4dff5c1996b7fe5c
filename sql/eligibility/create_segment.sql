-- Makes the table that holds the people of a segment while a report is made; it is this connection's alone.
CREATE TEMPORARY TABLE IF NOT EXISTS segment_person (user_id text PRIMARY KEY)
