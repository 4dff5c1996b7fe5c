-- Says whether a campaign has nothing more to do: nothing is ready or sending, and nobody is waited for any longer.
SELECT
    NOT EXISTS (
        SELECT 1 FROM message_list AS m WHERE m.campaign_id = c.campaign_id AND m.state IN ('ready', 'sending')
    )
    AND NOT (
        coalesce(c.hold_until > clock(), FALSE)
        AND EXISTS (
            SELECT 1
            FROM message_list AS m
            WHERE
                m.campaign_id = c.campaign_id
                AND is_held(m.state, m.reason)
        )
    ) AS is_over
FROM campaign AS c
WHERE c.campaign_id = %(campaign_id)s
