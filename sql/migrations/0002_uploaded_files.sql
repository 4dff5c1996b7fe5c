-- The uploaded file as it came, so that its people get it back with the outcomes beside their rows.

-- One row for each upload whose file could be read. External: a workbook is compressed already, and uncompressed
-- values are read in pieces without unpacking the whole.
CREATE TABLE upload_file (
    upload_id uuid PRIMARY KEY REFERENCES upload ON DELETE CASCADE,
    content bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock()
);
ALTER TABLE upload_file ALTER COLUMN content SET STORAGE EXTERNAL;

-- Where each name of the header stands ('A1', 'B1', ...). Empty for a file that could not be read, and for uploads
-- from before this column.
ALTER TABLE upload ADD COLUMN header_cells text[] NOT NULL DEFAULT '{}';
