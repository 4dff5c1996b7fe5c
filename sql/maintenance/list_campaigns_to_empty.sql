-- Returns the campaigns that are over for so long that the values of their rows go. One of which that began within the
-- last week is there again, since it may have been cut short.
SELECT campaign_id
FROM campaign
WHERE
    (texts_deleted_at IS NULL OR texts_deleted_at > clock() - interval '7 days')
    AND state IN ('finished', 'cancelled', 'refused')
    AND ended_at < clock() - %(days)s::integer * interval '1 day'
ORDER BY ended_at
