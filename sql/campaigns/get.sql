-- Returns one campaign with its account, template and file, by its id or by its submission. Nearly every step reads
-- this, so it counts nothing row by row: held people are in the kept counts, recovered ones in an index of their own,
-- and both are looked up for campaigns with a `hold_until` alone.
SELECT
    c.*,
    a.name AS account,
    t.code AS template,
    t.language,
    t.version,
    u.file_name,
    u.row_count AS file_row_count,
    u.remarks,
    CASE
        WHEN c.hold_until > clock()
            THEN (
                SELECT coalesce(sum(n.message_count), 0)::bigint
                FROM message_count AS n
                WHERE
                    n.campaign_id = c.campaign_id
                    AND n.state = 'ineligible'
                    AND n.reason IN ('window_closed', 'never_interacted', 'person_unavailable')
            )
        ELSE 0
    END AS held_count,
    CASE
        WHEN c.hold_until IS NOT NULL
            THEN (
                SELECT count(*)
                FROM message_list AS m
                WHERE m.campaign_id = c.campaign_id AND m.recovered_at IS NOT NULL
            )
        ELSE 0
    END AS recovered_count
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN template AS t ON c.template_id = t.template_id
LEFT JOIN upload AS u ON c.campaign_id = u.campaign_id
WHERE c.campaign_id = %(campaign_id)s OR c.submission_id = %(submission_id)s
