-- Writes the opt-outs of people again who had opted out, were erased, and have written since: by their plain ids they
-- would be strangers. An opt-out that is there stays.
INSERT INTO suppression AS s (account_id, user_id, source, kind)
SELECT
    g.account_id,
    g.user_id,
    'opted out before their data was erased',
    'opted_out'
FROM
    unnest(%(account_ids)s::bigint[], %(user_ids)s::text[], %(tombstones)s::text[])
        AS g (
            account_id, user_id, tombstone
        )
INNER JOIN suppression AS o ON g.account_id = o.account_id AND g.tombstone = o.user_id AND o.kind = 'opted_out'
ON CONFLICT (account_id, user_id) DO UPDATE
    SET kind = 'opted_out', until = NULL, source = excluded.source, added_at = clock()
    WHERE s.kind = 'unavailable'
