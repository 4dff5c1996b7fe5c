-- Notes how telling something went: told, or the word for how it failed.
UPDATE told
SET
    told_at = CASE WHEN %(failure)s::text IS NULL THEN clock() END,
    failure = %(failure)s::text
WHERE news_key = %(news_key)s AND place = %(place)s
