-- Keeps what is known of the file of a campaign.
INSERT INTO upload (
    upload_id, campaign_id, file_name, byte_count, sha256, sheet, header, header_cells, row_count, remarks,
    file_loss
)
VALUES (
    %(upload_id)s, %(campaign_id)s, %(file_name)s, %(byte_count)s, %(sha256)s, %(sheet)s, %(header)s::text[],
    %(header_cells)s::text[], %(row_count)s, %(remarks)s::text[], %(file_loss)s
)
