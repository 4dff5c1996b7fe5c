-- Returns, for each account, how many people asked for no more messages without ever having opened a window, and how
-- many people of the segment never opened one (NULL without a segment: who never wrote is known of a list alone).
SELECT
    a.account_id,
    (
        SELECT count(*) FROM suppression AS s
        WHERE
            s.account_id = a.account_id
            AND s.kind = 'opted_out'
            AND NOT EXISTS (
                SELECT 1 FROM last_interaction AS l
                WHERE l.account_id = s.account_id AND l.user_id = s.user_id
            )
            AND (
                NOT %(is_segment)s::boolean
                OR EXISTS (SELECT 1 FROM segment_person AS p WHERE p.user_id = s.user_id)
            )
    ) AS opted_out_unseen,
    CASE
        WHEN %(is_segment)s::boolean
            THEN (
                SELECT count(*) FROM segment_person AS p
                WHERE NOT EXISTS (
                    SELECT 1 FROM last_interaction AS l
                    WHERE l.account_id = a.account_id AND l.user_id = p.user_id
                )
            )
    END AS never_wrote
FROM unnest(%(account_ids)s::bigint[]) AS a (account_id)
