-- Until the transaction ends, keeps intake out; returns whether it could. It is tried and not waited for: waiting
-- behind a long import would keep all later intake waiting too.
SELECT pg_try_advisory_xact_lock(7204519368) AS is_ours
