-- Returns a template: the version asked for, or the newest.
SELECT *
FROM template
WHERE
    code = %(code)s
    AND language = %(language)s
    AND (%(version)s::integer IS NULL OR version = %(version)s)
ORDER BY version DESC
LIMIT 1
