-- Returns the campaigns that are sending, and those that are cancelled with messages that came back to ready: what a
-- sweep may have to close.
SELECT c.campaign_id
FROM campaign AS c
WHERE
    c.state = 'sending'
    OR (
        c.state = 'cancelled'
        AND EXISTS (SELECT 1 FROM message_list AS m WHERE m.campaign_id = c.campaign_id AND m.state = 'ready')
    )
ORDER BY c.campaign_id
