-- Returns how many people with an open window each account's cap holds back at the time `at`; accounts without a cap
-- have no line. Starts from what was sent in the hours of the cap, by the index of its time; what was perhaps sent
-- counts as sent.
WITH received AS (
    SELECT
        m.account_id,
        m.user_id
    FROM account AS a
    INNER JOIN message_list AS m ON a.account_id = m.account_id
    WHERE
        a.account_id = ANY(%(account_ids)s::bigint[])
        AND a.cap_messages IS NOT NULL
        AND m.sent_at > %(at)s::timestamptz - a.cap_hours * interval '1 h'
        AND m.state IN ('sent', 'delivered', 'read', 'unknown')
    UNION ALL
    SELECT
        m.account_id,
        m.user_id
    FROM account AS a
    INNER JOIN message_list AS m ON a.account_id = m.account_id
    WHERE
        a.account_id = ANY(%(account_ids)s::bigint[])
        AND a.cap_messages IS NOT NULL
        AND m.state = 'unknown'
        AND m.sent_at IS NULL
        AND m.state_since > %(at)s::timestamptz - a.cap_hours * interval '1 h'
),

capped AS (
    SELECT
        r.account_id,
        r.user_id
    FROM received AS r
    INNER JOIN account AS a ON r.account_id = a.account_id
    GROUP BY r.account_id, r.user_id, a.cap_messages
    HAVING count(*) >= a.cap_messages
)

SELECT
    c.account_id,
    count(*) AS people
FROM capped AS c
INNER JOIN last_interaction AS l ON c.account_id = l.account_id AND c.user_id = l.user_id
LEFT JOIN suppression AS s
    ON
        c.account_id = s.account_id
        AND c.user_id = s.user_id
        AND (s.until IS NULL OR s.until > %(at)s::timestamptz)
WHERE
    s.user_id IS NULL
    AND window_end(l.opener_at) - %(lead)s::interval > %(at)s::timestamptz
    AND (
        NOT %(is_segment)s::boolean
        OR EXISTS (SELECT 1 FROM segment_person AS p WHERE p.user_id = c.user_id)
    )
GROUP BY c.account_id
