-- Until the transaction ends, lets the statements on a million staged rows keep their ids in memory, several times
-- faster than on disk, and spares them the compiling of expressions, which costs more than it gives here. Returns both.
SELECT
    set_config('work_mem', '192MB', TRUE) AS work_mem,
    set_config('jit', 'off', TRUE) AS jit
