-- Returns the files of an account that are kept, and which of them belong to campaigns that hold a person for certain.
SELECT
    f.upload_id,
    octet_length(f.content) AS byte_count,
    u.campaign_id = ANY(%(campaign_ids)s::uuid[]) AS is_certain
FROM upload_file AS f
INNER JOIN upload AS u ON f.upload_id = u.upload_id
INNER JOIN campaign AS c ON u.campaign_id = c.campaign_id
WHERE c.account_id = %(account_id)s
ORDER BY f.upload_id
