-- Stages the loaded rows under their campaign.
INSERT INTO staged_row (campaign_id, row_number, typed_user_id, user_id, cells)
SELECT
    %(campaign_id)s,
    row_number,
    typed_user_id,
    user_id,
    cells
FROM loading_row
