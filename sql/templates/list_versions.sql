-- Returns the words of every template version for a list to choose from: by code and language, newest version first.
SELECT
    code,
    language,
    version
FROM template
ORDER BY code ASC, language ASC, version DESC
LIMIT %(most)s
