-- Until the transaction ends, waits no longer than this for a lock: who waits for a table keeps everybody who comes
-- later waiting behind him, intake too.
SELECT set_config('lock_timeout', %(milliseconds)s::integer::text, TRUE) AS lock_timeout
