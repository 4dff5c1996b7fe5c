-- Turns every staged row into a message: bad rows and repetitions in their state, good rows as `good_state`. Returns
-- how many of each state. `findings`, `states` and `reasons` say what each finding makes of its row; where a row has
-- several, the one that stands first in them wins. People who were erased stand there by their tombstones, and are
-- ineligible: no file can hold one, since it has not the shape of an id.
--
-- Postgres takes rows that were staged a moment ago for few, and would compare each of them with each bad one. So the
-- good rows are found by `NOT IN`, which it keeps as a table of hashes, and the bad ones by the index of row numbers.
WITH ranking AS (
    SELECT *
    FROM unnest(%(findings)s::text[], %(states)s::message_state[], %(reasons)s::reason[]) WITH ORDINALITY AS r (
        finding, state, reason, rank
    )
),

verdict AS MATERIALIZED (
    SELECT DISTINCT ON (p.row_number)
        p.row_number,
        r.state,
        r.reason
    FROM problem AS p
    INNER JOIN ranking AS r ON p.finding = r.finding
    WHERE p.campaign_id = %(campaign_id)s AND p.row_number IS NOT NULL
    ORDER BY p.row_number, r.rank
),

added AS (
    INSERT INTO message_list (campaign_id, account_id, row_number, typed_user_id, user_id, cells, state, reason)
    SELECT
        %(campaign_id)s::uuid,
        %(account_id)s::bigint,
        s.row_number,
        s.typed_user_id,
        s.user_id,
        s.cells,
        CASE
            WHEN s.user_id LIKE 'erased:%%' AND %(good_state)s::message_state = 'ready' THEN 'ineligible'
            ELSE %(good_state)s::message_state
        END,
        CASE
            WHEN s.user_id LIKE 'erased:%%' AND %(good_state)s::message_state = 'ready' THEN 'erased'
            ELSE %(good_reason)s::reason
        END
    FROM staged_row AS s
    WHERE s.campaign_id = %(campaign_id)s AND s.row_number NOT IN (SELECT v.row_number FROM verdict AS v)
    UNION ALL
    SELECT
        %(campaign_id)s::uuid,
        %(account_id)s::bigint,
        s.row_number,
        s.typed_user_id,
        NULL,
        s.cells,
        v.state,
        v.reason
    FROM verdict AS v
    INNER JOIN staged_row AS s ON s.campaign_id = %(campaign_id)s AND v.row_number = s.row_number
    RETURNING state
)

SELECT
    state,
    count(*) AS message_count
FROM added
GROUP BY state
