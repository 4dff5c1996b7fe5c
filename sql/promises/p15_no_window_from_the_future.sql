-- P15: nobody's newest opener lies ahead of the clock by more than the tolerance of a minute. Returns who does.
SELECT
    account_id,
    user_id,
    opener_at
FROM last_interaction
WHERE opener_at > clock() + interval '60 s'
