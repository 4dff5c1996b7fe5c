-- Returns whether a campaign has nothing more to do: nothing is ready or sending, and it waits for nobody any longer.
-- Rows that are ready or sending are looked for in their own indexes, people who are waited for in the kept counts.
SELECT
    NOT EXISTS (
        SELECT 1 FROM message_list AS m WHERE m.campaign_id = c.campaign_id AND m.state IN ('ready', 'sending')
    )
    AND NOT (
        coalesce(c.hold_until > clock(), FALSE)
        AND (
            SELECT coalesce(sum(n.message_count), 0) > 0
            FROM message_count AS n
            WHERE
                n.campaign_id = c.campaign_id
                AND n.state = 'ineligible'
                AND n.reason IN ('window_closed', 'never_interacted', 'person_unavailable')
        )
    ) AS is_over
FROM campaign AS c
WHERE c.campaign_id = %(campaign_id)s
