-- P20: a message stands where its receipts say, and they only move it forward: what was told to be delivered is not
-- merely sent, and what was told to be read is neither. Returns the messages that stand behind.
SELECT
    message_id,
    state,
    delivered_at,
    read_at
FROM message_list
WHERE
    (state = 'sent' AND (delivered_at IS NOT NULL OR read_at IS NOT NULL))
    OR (state = 'delivered' AND read_at IS NOT NULL)
