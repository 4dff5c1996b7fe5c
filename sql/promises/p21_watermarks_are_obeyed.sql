-- P21: a message that a watermark covers is as far as it says, no later than it was told. Messages that became sent
-- since the last pass have their receipts looked at in the next. Returns the messages that are behind a watermark.
SELECT
    m.message_id,
    m.state,
    w.kind,
    w.up_to,
    w.told_at
FROM watermark AS w
INNER JOIN message_list AS m ON w.account_id = m.account_id AND w.user_id = m.user_id
WHERE
    m.state IN ('sent', 'delivered', 'read')
    AND sent_by(m.platform_sent_at, m.sent_at, m.delivered_at, m.read_at) <= w.up_to
    AND CASE w.kind WHEN 'delivery' THEN m.delivered_at ELSE m.read_at END > w.told_at IS NOT FALSE
    AND NOT EXISTS (SELECT 1 FROM receipt_due AS d WHERE d.message_id = m.message_id)
