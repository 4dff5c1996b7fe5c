-- Returns what is known of the file of a campaign, how many of its bytes are kept (NULL: none), and why they are gone
-- if they were kept.
SELECT
    u.upload_id,
    u.file_name,
    u.sheet,
    u.header,
    u.header_cells,
    u.row_count,
    u.file_loss,
    octet_length(f.content) AS kept_bytes
FROM upload AS u
LEFT JOIN upload_file AS f ON u.upload_id = f.upload_id
WHERE u.campaign_id = %(campaign_id)s
