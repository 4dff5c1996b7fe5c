-- Returns the other attempts on the same person of the account that were sent or may have been: each stands for a
-- message of ours in the same conversation, by its id where that is known. Goes from the account's campaigns to the
-- person's message in each, both by index; the attempts of a person have no index of their own.
SELECT
    a.slot_at,
    a.provider_message_id
FROM campaign AS c
INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id AND m.user_id = %(user_id)s
INNER JOIN attempt AS a ON m.message_id = a.message_id
WHERE
    c.account_id = %(account_id)s
    AND a.attempt_id <> %(attempt_id)s
    AND coalesce(a.outcome, 'unknown') NOT IN ('not_sent', 'refused')
