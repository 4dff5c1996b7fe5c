-- Returns the campaigns that are over for so long that all that is known of them goes.
SELECT campaign_id
FROM campaign
WHERE
    state IN ('finished', 'cancelled', 'refused')
    AND ended_at < clock() - %(days)s::integer * interval '1 day'
ORDER BY ended_at
