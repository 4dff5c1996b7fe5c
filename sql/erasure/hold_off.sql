-- Until the transaction ends, keeps erasures out: who is being taken in now is not erased at the same moment.
SELECT pg_advisory_xact_lock_shared(7204519368)
