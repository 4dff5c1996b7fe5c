-- Until the transaction ends, lets the statements on a million staged rows keep their ids in memory, several times
-- faster than on disk. Returns how much.
SELECT set_config('work_mem', '192MB', TRUE) AS work_mem
