-- Returns the people of these accounts in the loading table, each with the time of the newest thing they did. Read page
-- by page: what stands for an erased person is computed outside of the database.
SELECT
    account_id,
    user_id,
    max(occurred_at) AS newest_at
FROM loading_interaction
WHERE account_id = ANY(%(account_ids)s::bigint[])
GROUP BY account_id, user_id
