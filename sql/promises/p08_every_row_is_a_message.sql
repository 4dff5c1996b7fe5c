-- P8: the non-empty rows of a file are its messages, one to one. Counted from the expected side: a campaign that lost
-- every row is seen. Returns the campaigns where they differ.
SELECT
    u.campaign_id,
    u.row_count,
    count(m.message_id) AS message_count
FROM upload AS u
LEFT JOIN message_list AS m ON u.campaign_id = m.campaign_id
GROUP BY u.campaign_id, u.row_count
HAVING count(m.message_id) <> u.row_count
