-- Takes the bytes of a file. In binary, so that they go to the server block by block and are never in memory at once.
-- (sqlfluff reads no options after STDIN.)
COPY upload_file (upload_id, content) FROM STDIN WITH (FORMAT BINARY) -- noqa: PRS
