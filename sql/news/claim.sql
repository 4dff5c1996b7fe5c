-- Takes on to tell these things in these places (arrays of the same length); returns what nobody had taken on before.
WITH given AS (
    SELECT *
    FROM unnest(
        %(keys)s::text[], %(places)s::text[], %(kinds)s::news_kind[], %(subjects)s::text[], %(bodies)s::text[]
    ) AS g (news_key, place, kind, subject, body)
)

INSERT INTO told (news_key, place, kind, subject, body)
SELECT
    news_key,
    place,
    kind,
    subject,
    body
FROM given
ON CONFLICT (news_key, place) DO NOTHING
RETURNING news_key, place, subject, body
