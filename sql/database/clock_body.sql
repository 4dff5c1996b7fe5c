-- Returns the body of the one clock, so that a clock installed for a test is noticed.
SELECT prosrc AS body
FROM pg_proc
WHERE oid = 'windowcast.clock()'::regprocedure
