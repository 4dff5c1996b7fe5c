-- Lets the statements of this transaction look rows up by index: nothing is known of how many were just loaded, and a
-- pass over the message list or the history would make a batch as slow as they are long.
SELECT
    set_config('enable_seqscan', 'off', TRUE),
    set_config('enable_mergejoin', 'off', TRUE)
