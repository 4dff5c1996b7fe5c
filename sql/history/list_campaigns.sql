-- Returns the summaries of the campaigns that were submitted at a time or later, of one account or all, newest first.
SELECT s.*
FROM campaign_summary AS s
WHERE
    s.created_at >= %(since)s::timestamptz
    AND (%(account)s::text IS NULL OR s.account = %(account)s::text)
ORDER BY s.created_at DESC, s.campaign_id DESC
