-- Makes held messages of one campaign ready whose people have an open window now, or a comment that the campaign may
-- answer. The step that stores interactions does the same for the people in them; this finds those who wrote while the
-- campaign was being started, and reads a table of the team's own. Returns how many.
SELECT count(*) AS recovered_count
FROM move_messages(
    ARRAY(
        SELECT message_change(message_id, 'ready')
        FROM recoverable_message
        WHERE campaign_id = %(campaign_id)s AND ends_at - %(lead)s::interval > clock()
    )
)
