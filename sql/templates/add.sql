-- Keeps a new version of a template. Returns it; the same content and rules as the newest
-- version are that version, not a new one.
WITH newest AS (
    SELECT *
    FROM template
    WHERE code = %(code)s AND language = %(language)s
    ORDER BY version DESC
    LIMIT 1
),

added AS (
    INSERT INTO template (code, language, version, channel, name, content, variables, rules)
    SELECT
        %(code)s,
        %(language)s,
        coalesce((SELECT version FROM newest), 0) + 1,
        %(channel)s,
        %(name)s,
        %(content)s::jsonb,
        %(variables)s::text[],
        %(rules)s::jsonb
    WHERE
        NOT EXISTS (
            SELECT 1 FROM newest
            WHERE
                content = %(content)s::jsonb
                AND rules = %(rules)s::jsonb
                AND channel = %(channel)s::channel
                AND name = %(name)s
        )
    RETURNING *
)

SELECT
    *,
    TRUE AS is_new
FROM added
UNION ALL
SELECT
    *,
    FALSE AS is_new
FROM newest
WHERE NOT EXISTS (SELECT 1 FROM added)
