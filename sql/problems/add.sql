-- Keeps one problem of the file or its header.
INSERT INTO problem (campaign_id, row_number, column_name, finding, facts)
VALUES (%(campaign_id)s, %(row_number)s, %(column_name)s, %(finding)s, %(facts)s::jsonb)
