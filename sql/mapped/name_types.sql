-- Returns what types are called, and their categories (S: text, E: enum, N: number).
SELECT
    oid::bigint AS type_code,
    format_type(oid, NULL) AS name,
    typcategory AS category
FROM pg_type
WHERE oid = ANY(%(type_codes)s::oid[])
