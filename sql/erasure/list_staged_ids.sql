-- Returns the ids of the staged rows of a campaign, without those of people who have written, as far as we know them by
-- their plain ids: nobody among these is erased. What is left, mostly little, is hashed one by one.
SELECT s.user_id
FROM staged_row AS s
WHERE
    s.campaign_id = %(campaign_id)s
    AND s.user_id IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM last_interaction AS l WHERE l.account_id = %(account_id)s AND l.user_id = s.user_id
    )
