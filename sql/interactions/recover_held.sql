-- Makes held messages ready whose people are among the loaded interactions and have an open window now, or a comment
-- that the campaign may answer. Returns how many.
SELECT count(*) AS recovered_count
FROM move_messages(
    ARRAY(
        SELECT message_change(r.message_id, 'ready')
        FROM (
            SELECT DISTINCT
                account_id,
                user_id
            FROM loading_interaction
        ) AS i
        INNER JOIN recoverable_message AS r ON i.account_id = r.account_id AND i.user_id = r.user_id
        WHERE r.ends_at - %(lead)s::interval > clock()
    )
)
