-- P9: no state lasts longer than it may. Returns messages that are sending long after their lease, unknown and
-- unsettled for more than a day, ready in a campaign that is over, or ready in one that is sending though their window
-- closed more than an hour ago (nobody runs that campaign: `windowcast campaigns run`).
SELECT
    m.message_id,
    m.campaign_id,
    m.state,
    CASE m.state
        WHEN 'sending' THEN 'its lease is over'
        WHEN 'unknown' THEN 'unsettled for more than a day'
        ELSE 'ready where nothing is sent'
    END AS stuck_because
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
LEFT JOIN attempt AS a ON m.attempt_id = a.attempt_id
WHERE
    (m.state = 'sending' AND (a.attempt_id IS NULL OR a.lease_until < clock() - interval '10 min'))
    OR (
        m.state = 'unknown'
        AND a.settled_at IS NULL
        AND a.started_at < clock() - interval '25 h'
    )
    OR (m.state IN ('ready', 'sending') AND c.state IN ('finished', 'refused'))
    OR (m.state = 'ready' AND c.state = 'cancelled')
    OR (m.state = 'ready' AND c.state = 'sending' AND m.closes_at < clock() - interval '1 h')
