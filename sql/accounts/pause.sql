-- Stops an account and the campaigns that are sending through it, at their next claim. Returns the campaigns paused.
-- The campaigns keep the mark `account_paused`, by which resuming the account finds them.
WITH stopped AS (
    UPDATE account
    SET paused_at = coalesce(paused_at, clock()), pause_reason = coalesce(pause_reason, %(why)s)
    WHERE account_id = %(account_id)s
    RETURNING account_id
)

SELECT
    c.campaign_id,
    move_campaign(c.campaign_id, 'paused', 'account_paused') AS is_paused
FROM campaign AS c
INNER JOIN stopped AS s ON c.account_id = s.account_id
WHERE c.state = 'sending'
