-- Lets an account send again, with the campaigns that its pause had stopped. Returns those campaigns.
WITH going AS (
    UPDATE account SET paused_at = NULL, pause_reason = NULL WHERE account_id = %(account_id)s RETURNING account_id
),

rested AS (
    UPDATE pace SET not_before = 'epoch', away_count = 0
    FROM going WHERE pace.account_id = going.account_id
    RETURNING pace.account_id
)

SELECT
    c.campaign_id,
    move_campaign(c.campaign_id, 'sending', NULL) AS is_resumed
FROM campaign AS c
INNER JOIN rested AS r ON c.account_id = r.account_id
WHERE c.state = 'paused' AND c.pause_reason = 'account_paused'
