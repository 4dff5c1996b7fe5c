-- Returns the messages of a campaign that stand in one state (some of them, or those with one reason, where said), each
-- with what keeps it from being sent now, NULL if nothing does: the same rules as in the claim, and locked so that what
-- is read here holds until the transaction ends. Of the failed ones only those that the platform refused outright: one
-- that it took and failed later may have been seen. Where the platform said "outside the window" against what we knew,
-- only a newer opener counts. The account's cap is left to the claim: here an unknown message would count itself.
-- The comment that an unknown attempt has taken is free again once the attempt is called absent.
-- What is unknown since a backup was restored has no attempt that it could name.
WITH now AS MATERIALIZED (
    SELECT clock() AS at
)

SELECT
    m.message_id,
    m.row_number,
    CASE WHEN m.reason = 'restored' THEN NULL ELSE m.attempt_id END AS attempt_id,
    m.reason,
    CASE
        WHEN c.state IN ('cancelled', 'refused') THEN 'campaign_cancelled'
        WHEN s.kind IS NOT NULL THEN suppression_reason(s.kind)
        WHEN c.not_after <= now.at + %(reserve)s::interval THEN 'not_after_passed'
        WHEN l.user_id IS NULL AND r.user_id IS NULL AND e.object_id IS NULL THEN 'never_interacted'
        WHEN
            greatest(window_end(l.opener_at), r.until, e.given_at + interval '7 days') - %(lead)s::interval <= now.at
            THEN 'window_closed'
        WHEN m.reason = 'outside_window' AND l.opener_at <= a.opener_at THEN 'window_closed'
    END AS obstacle
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
LEFT JOIN attempt AS a ON m.attempt_id = a.attempt_id
CROSS JOIN now
LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
LEFT JOIN
    entitlement AS e
    ON
        m.state = 'unknown'
        AND a.account_id = e.account_id
        AND a.entitlement_id = e.object_id
        AND e.removed_at IS NULL
LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
WHERE
    m.campaign_id = %(campaign_id)s
    AND m.state = %(state)s
    AND (%(message_ids)s::bigint[] IS NULL OR m.message_id = ANY(%(message_ids)s::bigint[]))
    AND (%(reason)s::reason IS NULL OR m.reason = %(reason)s::reason)
    AND (
        a.outcome = CASE WHEN m.state = 'failed' THEN 'refused' ELSE 'unknown' END::attempt_outcome
        OR (m.state = 'unknown' AND m.reason = 'restored')
    )
ORDER BY m.message_id
FOR UPDATE OF m
