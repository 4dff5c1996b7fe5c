-- Returns the first rows of a campaign that were begun and are not sent: refused, unclear, or too late. No user and no
-- value of a cell, since it is for logs.
SELECT
    row_number,
    state,
    reason
FROM message_list
WHERE campaign_id = %(campaign_id)s AND state IN ('failed', 'unknown', 'expired')
ORDER BY row_number
LIMIT %(most)s
