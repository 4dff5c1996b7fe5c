-- Moves the ready messages of people who opted out to ineligible, in the campaigns of that account that are under way.
-- (A timed campaign judges everybody at its start.) Returns how many.
SELECT count(*) AS moved_count
FROM move_messages(
    ARRAY(
        SELECT message_change(m.message_id, 'ineligible', 'opted_out')
        FROM message_list AS m
        INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
        WHERE
            m.account_id = %(account_id)s
            AND m.user_id = ANY(%(user_ids)s::text[])
            AND m.state = 'ready'
            AND c.state IN ('sending', 'paused')
    )
)
