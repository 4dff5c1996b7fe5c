-- Deletes the bytes of a file that holds a person, and says why they are gone.
WITH deleted AS (
    DELETE FROM upload_file
    WHERE upload_id = %(upload_id)s
)

UPDATE upload SET file_loss = 'erasure' WHERE upload_id = %(upload_id)s
