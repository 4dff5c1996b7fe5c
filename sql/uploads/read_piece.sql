-- Returns a piece of a kept file, from `start` (counted from 1): the file is never in memory at once.
SELECT substring(content FROM %(start)s::integer FOR %(byte_count)s::integer) AS piece
FROM upload_file
WHERE upload_id = %(upload_id)s
