-- Adds an account with its one route and its pace. Returns it; no row: there is one of that name or platform id.
WITH added AS (
    INSERT INTO account (name, channel, external_id, provider, page_id, credential)
    VALUES (%(name)s, %(channel)s, %(external_id)s, %(provider)s, %(page_id)s, %(credential)s)
    ON CONFLICT DO NOTHING
    RETURNING *
),

paced AS (
    INSERT INTO pace (account_id, per_second)
    SELECT
        account_id,
        %(per_second)s
    FROM added
    RETURNING per_second
)

SELECT
    a.*,
    p.per_second
FROM added AS a
CROSS JOIN paced AS p
