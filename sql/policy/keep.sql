-- Keeps what the platform did to accounts by its policies. Returns the accounts with a block that was not known: an old
-- one that comes again after a person resumed the account pauses nothing.
WITH kept AS (
    INSERT INTO policy_event (account_id, told_at, action, reason)
    SELECT
        g.account_id,
        g.told_at,
        g.action,
        min(g.reason)
    FROM
        unnest(
            %(account_ids)s::bigint[], %(told_at)s::timestamptz[], %(actions)s::policy_action[], %(reasons)s::text[]
        ) AS g (account_id, told_at, action, reason)
    GROUP BY g.account_id, g.told_at, g.action
    ON CONFLICT (account_id, told_at, action) DO NOTHING
    RETURNING account_id, action
)

SELECT DISTINCT account_id FROM kept WHERE action = 'block'
