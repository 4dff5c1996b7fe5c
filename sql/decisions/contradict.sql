-- Proof came that attempts called absent were sent after all. Keeps the truth: the attempt was accepted, the decision
-- is marked as contradicted, and a message that only waits to be sent again is sent, by that attempt. One that was
-- sent again stays as it is. Returns each such attempt with whether a later attempt exists, which may be a second copy.
WITH given AS (
    SELECT DISTINCT ON (attempt_id)
        attempt_id,
        provider_message_id
    FROM unnest(%(attempt_ids)s::uuid[], %(provider_message_ids)s::text[]) AS g (attempt_id, provider_message_id)
),

proven AS (
    UPDATE attempt AS a
    SET
        outcome = 'accepted',
        provider_message_id = coalesce(a.provider_message_id, g.provider_message_id),
        -- Its comment was free meanwhile: if a later attempt has taken it, it stays with that one.
        entitlement_id = CASE
            WHEN
                NOT EXISTS (
                    SELECT 1 FROM attempt AS x
                    WHERE
                        x.account_id = a.account_id
                        AND x.entitlement_id = a.entitlement_id
                        AND coalesce(x.outcome NOT IN ('not_sent', 'absent'), TRUE)
                )
                THEN a.entitlement_id
        END
    FROM given AS g
    WHERE a.attempt_id = g.attempt_id AND a.outcome = 'absent'
    RETURNING a.attempt_id, a.message_id, a.started_at, a.provider_message_id
),

told AS (
    UPDATE decision AS d
    SET contradicted_at = clock()
    FROM proven AS p
    WHERE d.attempt_id = p.attempt_id AND d.kind = 'absent' AND d.contradicted_at IS NULL
    RETURNING d.decision_id
),

moved AS (
    SELECT
        move_messages(
            ARRAY(
                SELECT
                    message_change(
                        p.message_id,
                        'sent',
                        attempt_id => p.attempt_id,
                        happened_at => clock(),
                        provider_message_id => p.provider_message_id
                    )
                FROM proven AS p
                INNER JOIN message_list AS m ON p.message_id = m.message_id
                WHERE m.state = 'ready'
            )
        ) AS message_id
)

SELECT
    p.attempt_id,
    p.message_id,
    EXISTS(
        SELECT 1
        FROM attempt AS b
        WHERE
            b.message_id = p.message_id
            AND b.started_at > p.started_at
            AND coalesce(b.outcome, 'unknown') NOT IN ('not_sent', 'refused')
    ) AS may_be_second_copy,
    m.message_id IS NOT NULL AS is_moved
FROM proven AS p
LEFT JOIN moved AS m ON p.message_id = m.message_id
