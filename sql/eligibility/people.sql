-- Returns whom each account can reach at the time `at`, from one pass over its people: lines with a `standing` count
-- people by standing and kind of opener, with how many of the open ones close within so many hours; lines without one
-- count the open ones by the minute in which their last turn is over.
--
-- Reads last_interaction alone, never the evidence, so that its cost does not grow with the history. A minute begins
-- right after its full minute: whoever stands in it or later is still open at that full minute.
WITH person AS (
    SELECT
        l.account_id,
        l.opener_kind,
        l.opener_at,
        s.kind AS suppression,
        window_end(l.opener_at) - %(lead)s::interval AS last_turn_at
    FROM last_interaction AS l
    LEFT JOIN suppression AS s
        ON
            l.account_id = s.account_id
            AND l.user_id = s.user_id
            AND (s.until IS NULL OR s.until > %(at)s::timestamptz)
    WHERE
        l.account_id = ANY(%(account_ids)s::bigint[])
        AND (
            NOT %(is_segment)s::boolean
            OR EXISTS (SELECT 1 FROM segment_person AS p WHERE p.user_id = l.user_id)
        )
),

judged AS (
    SELECT
        account_id,
        opener_kind,
        opener_at,
        last_turn_at,
        CASE
            WHEN suppression = 'opted_out' THEN 'opted_out'
            WHEN suppression = 'unavailable' THEN 'cooling_off'
            WHEN last_turn_at > %(at)s::timestamptz THEN 'open'
            ELSE 'closed'
        END AS standing,
        CASE
            WHEN suppression IS NULL AND last_turn_at > %(at)s::timestamptz
                THEN date_bin(interval '1 min', last_turn_at - interval '1 us', 'epoch')
        END AS minute
    FROM person
),

-- Some thousand groups, which several workers can count each for itself; the sets below are made of these.
counted AS MATERIALIZED (
    SELECT
        account_id,
        standing,
        opener_kind,
        minute,
        count(*) AS people,
        count(*) FILTER (WHERE last_turn_at <= %(at)s::timestamptz + interval '1 h') AS closing_1h,
        count(*) FILTER (WHERE last_turn_at <= %(at)s::timestamptz + interval '3 h') AS closing_3h,
        count(*) FILTER (WHERE last_turn_at <= %(at)s::timestamptz + interval '6 h') AS closing_6h,
        count(*) FILTER (WHERE last_turn_at <= %(at)s::timestamptz + interval '12 h') AS closing_12h,
        count(*) FILTER (WHERE last_turn_at <= %(at)s::timestamptz + interval '24 h') AS closing_24h,
        max(opener_at) AS newest_at
    FROM judged
    GROUP BY account_id, standing, opener_kind, minute
)

SELECT
    account_id,
    standing,
    opener_kind,
    minute,
    sum(people)::bigint AS people,
    sum(closing_1h)::bigint AS closing_1h,
    sum(closing_3h)::bigint AS closing_3h,
    sum(closing_6h)::bigint AS closing_6h,
    sum(closing_12h)::bigint AS closing_12h,
    sum(closing_24h)::bigint AS closing_24h,
    max(newest_at) AS newest_at
FROM counted
GROUP BY GROUPING SETS ((account_id, standing, opener_kind), (account_id, minute))
HAVING standing IS NOT NULL OR minute IS NOT NULL
