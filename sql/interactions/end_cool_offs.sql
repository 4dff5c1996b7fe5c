-- Ends the cool-offs of people among the loaded interactions who opened a window since: they can be reached again.
-- Opt-outs stay. Returns how many.
WITH ended AS (
    DELETE FROM suppression AS s
    USING last_interaction AS l
    WHERE
        s.kind = 'unavailable'
        AND s.account_id = l.account_id
        AND s.user_id = l.user_id
        AND l.opener_at > s.added_at
        AND EXISTS (
            SELECT 1 FROM loading_interaction AS i WHERE i.account_id = s.account_id AND i.user_id = s.user_id
        )
    RETURNING s.user_id
)

SELECT count(*) AS ended_count FROM ended
