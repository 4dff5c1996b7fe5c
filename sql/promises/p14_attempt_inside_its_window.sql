-- P14 and P16: the slot of every attempt lies inside the 24 hours after an interaction that opens a window and that we
-- know of; that of a private reply inside the 7 days after the comment or post that it answers. Returns the attempts
-- that do not.
SELECT
    a.attempt_id,
    a.slot_at,
    a.opener_at
FROM attempt AS a
LEFT JOIN last_interaction AS l ON a.account_id = l.account_id AND a.user_id = l.user_id
LEFT JOIN entitlement AS e ON a.account_id = e.account_id AND a.entitlement_id = e.object_id
WHERE
    CASE
        WHEN a.entitlement_id IS NULL
            THEN
                (a.slot_at >= a.opener_at + interval '24 h' AND coalesce(a.outcome, 'unknown') <> 'not_sent')
                OR l.opener_at IS NULL
                OR l.opener_at < a.opener_at
        ELSE
            (a.slot_at >= a.opener_at + interval '7 days' AND coalesce(a.outcome, 'unknown') <> 'not_sent')
            OR e.user_id IS DISTINCT FROM a.user_id
            OR e.given_at > a.opener_at
    END
