-- Returns the accounts that know a person by this id, or on which they were erased before. `tombstones` stand beside
-- `account_ids`.
SELECT g.account_id
FROM unnest(%(account_ids)s::bigint[], %(tombstones)s::text[]) AS g (account_id, tombstone)
WHERE
    EXISTS (SELECT 1 FROM erased_person AS e WHERE e.account_id = g.account_id AND e.tombstone = g.tombstone)
    OR EXISTS (SELECT 1 FROM last_interaction AS l WHERE l.account_id = g.account_id AND l.user_id = %(user_id)s)
    OR EXISTS (SELECT 1 FROM suppression AS s WHERE s.account_id = g.account_id AND s.user_id = %(user_id)s)
    OR EXISTS (SELECT 1 FROM entitlement AS t WHERE t.account_id = g.account_id AND t.user_id = %(user_id)s)
    OR EXISTS (SELECT 1 FROM watermark AS w WHERE w.account_id = g.account_id AND w.user_id = %(user_id)s)
    OR EXISTS (
        SELECT 1
        FROM campaign AS c
        INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id AND m.user_id = %(user_id)s
        WHERE c.account_id = g.account_id
    )
ORDER BY g.account_id
