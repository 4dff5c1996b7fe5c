-- Returns one message with the words that a person needs to decide on it.
SELECT
    m.message_id,
    m.campaign_id,
    m.row_number,
    m.state,
    m.reason,
    m.attempt_id,
    c.name AS campaign
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
WHERE m.message_id = %(message_id)s
