-- Locks the messages to a person, so that none of them is claimed until the transaction ends. Returns them.
SELECT m.message_id
FROM campaign AS c
INNER JOIN message_list AS m ON c.campaign_id = m.campaign_id AND m.user_id = %(user_id)s
WHERE c.account_id = %(account_id)s
ORDER BY m.message_id
FOR UPDATE OF m
