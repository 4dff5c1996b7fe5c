-- Keeps what was counted of full hours; a newer count of the same hour, which late evidence may have raised, replaces
-- the older one. Rows come in one order, so that two reports at once do not wait for each other in a circle.
INSERT INTO eligibility_hour AS h (account_id, at, reachable, openers)
SELECT
    account_id,
    at,
    reachable,
    openers
FROM
    unnest(
        %(account_ids)s::bigint[], %(ats)s::timestamptz[], %(reachables)s::bigint[], %(openers)s::bigint[]
    ) AS q (account_id, at, reachable, openers)
ORDER BY account_id, at
ON CONFLICT (account_id, at) DO UPDATE
    SET reachable = excluded.reachable, openers = excluded.openers
    WHERE (excluded.reachable, excluded.openers) IS DISTINCT FROM (h.reachable, h.openers)
