-- Returns the funnel of one campaign and its medians.
SELECT
    s.row_count,
    s.good_count,
    s.eligible_count,
    s.sent_count,
    s.delivered_count,
    s.read_count,
    s.failed_count,
    s.unknown_count,
    s.expired_count,
    s.median_seconds_to_delivery,
    s.median_seconds_to_read,
    s.median_seconds_to_delivery_ours,
    s.median_seconds_to_read_ours
FROM campaign_summary AS s
WHERE s.campaign_id = %(campaign_id)s
