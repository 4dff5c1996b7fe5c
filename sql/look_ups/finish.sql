-- Keeps what a look-up showed.
UPDATE look_up
SET ended_at = clock(), result = %(result)s, page_count = %(page_count)s, detail = %(detail)s
WHERE look_up_id = %(look_up_id)s
