-- P22: a receipt waits only while no message of ours has its id. Messages that became sent since the last pass have
-- their receipts looked at in the next. Returns the receipts that wait though their message is known.
SELECT
    r.account_id,
    r.mid,
    m.message_id
FROM mid_receipt AS r
INNER JOIN attempt AS a
    ON
        r.account_id = a.account_id
        AND a.outcome = 'accepted'
        AND a.provider_message_id IN (r.mid, 'm_' || r.mid)
INNER JOIN message_list AS m ON a.message_id = m.message_id AND a.attempt_id = m.attempt_id
WHERE
    r.attempt_id IS NULL
    AND NOT EXISTS (SELECT 1 FROM receipt_due AS d WHERE d.message_id = m.message_id)
