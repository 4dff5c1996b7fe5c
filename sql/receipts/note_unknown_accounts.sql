-- Notes which bodies tell of accounts that are not kept here, with how many events.
INSERT INTO unknown_account (channel, external_id, receipt_id, event_count)
SELECT
    g.channel,
    g.external_id,
    g.receipt_id,
    sum(g.event_count)
FROM
    unnest(
        %(channels)s::channel[], %(external_ids)s::text[], %(receipt_ids)s::bigint[], %(event_counts)s::integer[]
    ) AS g (channel, external_id, receipt_id, event_count)
GROUP BY g.channel, g.external_id, g.receipt_id
ON CONFLICT DO NOTHING
