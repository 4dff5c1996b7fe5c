-- Returns the newest version of each template, by language and channel where they are given, newest first.
SELECT t.*
FROM template AS t
WHERE
    (%(language)s::text IS NULL OR t.language = %(language)s)
    AND (%(channel)s::channel IS NULL OR t.channel = %(channel)s)
    AND NOT EXISTS (
        SELECT 1 FROM template AS n
        WHERE n.code = t.code AND n.language = t.language AND n.version > t.version
    )
ORDER BY t.template_id DESC
