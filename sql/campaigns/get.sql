-- Returns one campaign with the words around it, by its id or by its submission.
SELECT
    c.*,
    a.name AS account,
    t.code AS template,
    t.language,
    t.version,
    u.file_name,
    u.row_count AS file_row_count,
    u.remarks,
    (SELECT count(*) FROM problem AS p WHERE p.campaign_id = c.campaign_id) AS problem_count,
    (
        SELECT count(*)
        FROM message_list AS m
        WHERE
            c.hold_until > clock()
            AND m.campaign_id = c.campaign_id
            AND is_held(m.state, m.reason)
    ) AS held_count,
    (
        SELECT count(*)
        FROM message_list AS m
        WHERE c.hold_until IS NOT NULL AND m.campaign_id = c.campaign_id AND m.recovered_at IS NOT NULL
    ) AS recovered_count
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN template AS t ON c.template_id = t.template_id
LEFT JOIN upload AS u ON c.campaign_id = u.campaign_id
WHERE c.campaign_id = %(campaign_id)s OR c.submission_id = %(submission_id)s
