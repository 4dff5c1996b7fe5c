-- Finds everything that is wrong with the staged rows of a campaign, in one pass, and keeps it as problems: ids and
-- values that are missing (unless the reader has said already what is wrong with that cell), ids that are no ids,
-- messages that would be too long, and people who are there twice. Returns how many problems there are now.
--
-- The length of a rendered message is the length of the text without its variables, plus each value as often as the
-- text names it. `variables`, `variable_counts` and the rows' cells are in the same order.
WITH reported AS (
    SELECT
        row_number,
        column_name
    FROM problem
    WHERE campaign_id = %(campaign_id)s AND row_number IS NOT NULL
),

good_id AS MATERIALIZED (
    SELECT
        row_number,
        user_id,
        cells,
        typed_user_id
    FROM staged_row
    WHERE campaign_id = %(campaign_id)s AND user_id ~ %(user_id_pattern)s
),

repeated AS MATERIALIZED (
    SELECT
        user_id,
        min(row_number) AS first_row,
        count(DISTINCT cells) > 1 AS is_conflict,
        string_agg(row_number::text, ', ' ORDER BY row_number) FILTER (WHERE place <= 5)
        || CASE WHEN count(*) > 5 THEN ', …' ELSE '' END AS row_list
    FROM (
        SELECT
            g.*,
            row_number() OVER (PARTITION BY g.user_id ORDER BY g.row_number) AS place,
            count(*) OVER (PARTITION BY g.user_id) AS times
        FROM good_id AS g
    ) AS numbered
    WHERE times > 1
    GROUP BY user_id
),

found AS (
    SELECT
        s.row_number,
        %(user_id_column)s AS column_name,
        CASE WHEN s.user_id IS NULL THEN 'id_missing' ELSE 'id_bad_shape' END AS finding,
        CASE
            WHEN s.user_id IS NULL THEN '{}'::jsonb
            ELSE jsonb_build_object('found', left(coalesce(s.typed_user_id, s.user_id), 60))
        END AS facts
    FROM staged_row AS s
    WHERE
        s.campaign_id = %(campaign_id)s
        AND (s.user_id IS NULL OR s.user_id !~ %(user_id_pattern)s)
        AND NOT EXISTS (
            SELECT 1 FROM reported AS r WHERE r.row_number = s.row_number AND r.column_name = %(user_id_column)s
        )
    UNION ALL
    SELECT
        s.row_number,
        v.name,
        'value_missing',
        '{}'
    FROM staged_row AS s
    CROSS JOIN unnest(%(variables)s::text[]) WITH ORDINALITY AS v (name, place)
    WHERE
        s.campaign_id = %(campaign_id)s
        AND s.cells[v.place] IS NULL
        AND NOT EXISTS (SELECT 1 FROM reported AS r WHERE r.row_number = s.row_number AND r.column_name = v.name)
    UNION ALL
    SELECT
        measured.row_number,
        NULL,
        'message_too_long',
        jsonb_build_object(
            'length', measured.message_length, 'unit', %(limit_unit)s::text, 'limit', %(limit_most)s::integer
        )
    FROM (
        SELECT
            s.row_number,
            %(literal_length)s::bigint + (
                SELECT
                    coalesce(
                        sum(
                            c.times::bigint
                            * CASE
                                WHEN %(limit_unit)s = 'bytes' THEN octet_length(s.cells[c.place])
                                ELSE char_length(s.cells[c.place])
                            END
                        ),
                        0
                    )
                FROM unnest(%(variable_counts)s::integer[]) WITH ORDINALITY AS c (times, place)
            ) AS message_length
        FROM staged_row AS s
        WHERE s.campaign_id = %(campaign_id)s
    ) AS measured
    WHERE measured.message_length > %(limit_most)s
    UNION ALL
    SELECT
        g.row_number,
        %(user_id_column)s,
        CASE WHEN r.is_conflict THEN 'conflicting_duplicate' ELSE 'duplicate' END,
        CASE
            WHEN r.is_conflict THEN jsonb_build_object('rows', r.row_list)
            ELSE jsonb_build_object('first_row', r.first_row)
        END
    FROM repeated AS r
    INNER JOIN good_id AS g ON r.user_id = g.user_id AND (r.is_conflict OR r.first_row < g.row_number)
)

INSERT INTO problem (campaign_id, row_number, column_name, finding, facts)
SELECT
    %(campaign_id)s,
    row_number,
    column_name,
    finding,
    facts
FROM found
