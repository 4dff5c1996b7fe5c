-- Finds everything that is wrong with the staged rows of a campaign, in one pass, and keeps it as problems: ids and
-- values that are missing (unless the reader has said already what is wrong with that cell), ids that are no ids,
-- messages that would be too long, and people who are there twice. Returns how many problems there are now.
--
-- The length of a rendered message is the length of the text without its variables, plus each value as often as the
-- text names it. `variables`, `variable_counts` and the rows' cells are in the same order.
--
-- Almost all rows are good, so two passes leave them behind: one keeps the rows that may have something wrong with
-- them (`suspect`; no message is longer than all its cells as often as the text names any, and no text is longer than
-- the size of an array that holds it, unless that is compressed), one the repeated ids. An id is judged by digits and
-- length: a pattern that counts its digits takes five times as long.
--
-- Postgres knows nothing of rows staged a moment ago and takes them for few. So nothing here is a join that it could
-- do row by row: what is looked up stands in `IN (...) IS TRUE` and `NOT IN (...)`, which it keeps as tables of hashes.
WITH reported AS (
    SELECT
        row_number,
        column_name
    FROM problem
    WHERE campaign_id = %(campaign_id)s AND row_number IS NOT NULL AND column_name IS NOT NULL
),

suspect AS MATERIALIZED (
    SELECT
        row_number,
        user_id,
        typed_user_id,
        cells
    FROM staged_row
    WHERE
        campaign_id = %(campaign_id)s
        AND (
            user_id IS NULL
            OR user_id !~ '^[0-9]+$'
            OR char_length(user_id) NOT BETWEEN %(shortest_user_id)s AND %(longest_user_id)s
            OR array_position(cells, NULL) IS NOT NULL
            OR (%(variable_total)s > 0 AND cells[%(variable_total)s] IS NULL)
            OR %(literal_length)s::bigint + %(variable_most)s::bigint * pg_column_size(cells) > %(limit_most)s
            OR pg_column_compression(cells) IS NOT NULL
        )
),

several AS MATERIALIZED (
    SELECT user_id
    FROM staged_row
    WHERE campaign_id = %(campaign_id)s AND user_id IS NOT NULL
    GROUP BY user_id
    HAVING count(*) > 1
),

repeated AS (
    SELECT
        user_id,
        row_number,
        cells,
        row_number() OVER (PARTITION BY user_id ORDER BY row_number) AS place
    FROM staged_row
    WHERE
        campaign_id = %(campaign_id)s
        AND (user_id IN (SELECT several.user_id FROM several)) IS TRUE
        AND user_id ~ '^[0-9]+$'
        AND char_length(user_id) BETWEEN %(shortest_user_id)s AND %(longest_user_id)s
),

compared AS (
    SELECT
        row_number,
        min(row_number) OVER (PARTITION BY user_id) AS first_row,
        min(cells) OVER (PARTITION BY user_id) <> max(cells) OVER (PARTITION BY user_id) AS is_conflict,
        string_agg(row_number::text, ', ') FILTER (WHERE place <= 5)
            OVER (
                PARTITION BY user_id
                ORDER BY row_number
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            )
        || CASE WHEN count(*) OVER (PARTITION BY user_id) > 5 THEN ', …' ELSE '' END AS row_list
    FROM repeated
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
    FROM suspect AS s
    WHERE
        (
            s.user_id IS NULL
            OR s.user_id !~ '^[0-9]+$'
            OR char_length(s.user_id) NOT BETWEEN %(shortest_user_id)s AND %(longest_user_id)s
        )
        AND s.row_number NOT IN (SELECT r.row_number FROM reported AS r WHERE r.column_name = %(user_id_column)s)
    UNION ALL
    SELECT
        s.row_number,
        v.name,
        'value_missing',
        '{}'
    FROM suspect AS s
    CROSS JOIN unnest(%(variables)s::text[]) WITH ORDINALITY AS v (name, place)
    WHERE
        s.cells[v.place] IS NULL
        AND (s.row_number, v.name) NOT IN (SELECT
            r.row_number,
            r.column_name
        FROM reported AS r)
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
        FROM suspect AS s
    ) AS measured
    WHERE measured.message_length > %(limit_most)s
    UNION ALL
    SELECT
        row_number,
        %(user_id_column)s,
        CASE WHEN is_conflict THEN 'conflicting_duplicate' ELSE 'duplicate' END,
        CASE
            WHEN is_conflict THEN jsonb_build_object('rows', row_list)
            ELSE jsonb_build_object('first_row', first_row)
        END
    FROM compared
    WHERE is_conflict OR first_row < row_number
)

INSERT INTO problem (campaign_id, row_number, column_name, finding, facts)
SELECT
    %(campaign_id)s,
    row_number,
    column_name,
    finding,
    facts
FROM found
