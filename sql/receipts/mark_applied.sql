-- Marks bodies as applied, each with how many events it held and what of it is strange.
UPDATE receipt_inbox AS r
SET
    applied_at = clock(),
    event_count = g.event_count,
    strange_count = g.strange_count,
    strange = g.strange
FROM
    unnest(
        %(receipt_ids)s::bigint[], %(event_counts)s::integer[], %(strange_counts)s::integer[], %(stranges)s::text[]
    ) AS g (receipt_id, event_count, strange_count, strange)
WHERE r.receipt_id = g.receipt_id
