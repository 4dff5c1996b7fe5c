-- Forgets the hash of a list that was given by hand and has one person alone: whoever tries out ids would find theirs.
UPDATE campaign AS c
SET list_sha256 = 'erased'
WHERE
    c.campaign_id = ANY(%(campaign_ids)s::uuid[])
    AND NOT EXISTS (SELECT 1 FROM upload AS u WHERE u.campaign_id = c.campaign_id)
    AND (SELECT count(*) FROM message_list AS m WHERE m.campaign_id = c.campaign_id) = 1
