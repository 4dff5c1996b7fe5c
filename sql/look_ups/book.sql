-- Books the next look-up of an account: one call each `gap_seconds`, over all workers. Returns for how many seconds to
-- wait, and whether the platform asked for patience, in which case nothing is booked. Its own table, so that look-ups
-- never slow sending. A next time more than a minute ahead means that the server's clock was put back.
INSERT INTO look_up_pace AS p (account_id, next_at)
VALUES (%(account_id)s, clock() + %(gap_seconds)s::float8 * interval '1 s')
ON CONFLICT (account_id) DO UPDATE
    SET
        next_at
        = CASE
            WHEN p.not_before > clock() THEN p.next_at
            WHEN p.next_at > clock() + interval '1 min'
                THEN clock() + %(gap_seconds)s::float8 * interval '1 s'
            ELSE greatest(p.next_at, clock()) + %(gap_seconds)s::float8 * interval '1 s'
        END
RETURNING
    p.not_before > clock() AS is_throttled,
    extract(EPOCH FROM p.next_at - clock())::float8 - %(gap_seconds)s::float8 AS wait_seconds
