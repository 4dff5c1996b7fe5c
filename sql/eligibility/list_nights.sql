-- Returns every night from `first` to `last` of some accounts, oldest first; of a night that was not measured there is
-- a line, and nothing in it.
SELECT
    a.account_id,
    n.night::date AS night,
    s.measured_at,
    s.known,
    s.open_now,
    s.newly_open,
    s.lost
FROM unnest(%(account_ids)s::bigint[]) AS a (account_id)
CROSS JOIN generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS n (night)
LEFT JOIN eligibility_snapshot AS s ON a.account_id = s.account_id AND n.night::date = s.night
ORDER BY a.account_id, n.night
