-- P10: the counts that people see add up to the rows. Returns the campaigns where they do not.
SELECT
    s.campaign_id,
    s.row_count,
    count(r.message_id) AS reported_count
FROM campaign_summary AS s
LEFT JOIN message_list_report AS r ON s.campaign_id = r.campaign_id
GROUP BY s.campaign_id, s.row_count
HAVING count(r.message_id) <> s.row_count
