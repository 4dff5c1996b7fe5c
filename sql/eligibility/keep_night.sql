-- Keeps the night of one account, once: returns no line when it is kept already, and then changes nothing.
INSERT INTO eligibility_snapshot (
    account_id, night, time_zone, measured_at, known, open_now, closing_1h, closing_3h, closing_6h, closing_12h,
    closing_24h, open_at_cap, closed, opted_out, cooling_off, newly_open, lost, compared_with, newest_interaction_at,
    details
)
VALUES (
    %(account_id)s, %(night)s, %(time_zone)s, %(measured_at)s, %(known)s, %(open_now)s, %(closing_1h)s,
    %(closing_3h)s, %(closing_6h)s, %(closing_12h)s, %(closing_24h)s, %(open_at_cap)s, %(closed)s, %(opted_out)s,
    %(cooling_off)s, %(newly_open)s, %(lost)s, %(compared_with)s, %(newest_interaction_at)s, %(details)s
)
ON CONFLICT (account_id, night) DO NOTHING
RETURNING account_id
