-- Returns, for each account, how many people were open at its earlier time (`sinces`, in the order of the accounts),
-- as the evidence knows it now; how many of them are open at `at` too; and how many are not because they asked for no
-- messages, or could not be reached, since.
--
-- Who was open then cannot be read from last_interaction, which whoever wrote since has moved. So this reads the
-- evidence of the 24 hours before the earlier time: `first_since` and `last_since` let the planner leave out all other
-- days. A suppression that was taken back since is not known any more.
WITH asked AS (
    SELECT
        account_id,
        since
    FROM unnest(%(account_ids)s::bigint[], %(sinces)s::timestamptz[]) AS q (account_id, since)
),

wrote AS (
    SELECT
        i.account_id,
        i.user_id,
        q.since
    FROM interaction AS i
    INNER JOIN asked AS q ON i.account_id = q.account_id
    WHERE
        i.occurred_at > %(first_since)s::timestamptz - interval '24 h'
        AND i.occurred_at <= %(last_since)s::timestamptz
        AND i.occurred_at <= q.since
        AND window_end(i.occurred_at) - %(lead)s::interval > q.since
        AND i.kind = ANY(%(openers)s::interaction_kind[])
        AND (
            NOT %(is_segment)s::boolean
            OR EXISTS (SELECT 1 FROM segment_person AS p WHERE p.user_id = i.user_id)
        )
    GROUP BY i.account_id, i.user_id, q.since
),

was_open AS (
    SELECT
        w.account_id,
        s.user_id IS NOT NULL AS is_suppressed,
        window_end(l.opener_at) - %(lead)s::interval > %(at)s::timestamptz AS has_window
    FROM wrote AS w
    INNER JOIN last_interaction AS l ON w.account_id = l.account_id AND w.user_id = l.user_id
    LEFT JOIN suppression AS s
        ON
            w.account_id = s.account_id
            AND w.user_id = s.user_id
            AND (s.until IS NULL OR s.until > %(at)s::timestamptz)
    WHERE s.user_id IS NULL OR s.added_at > w.since
)

SELECT
    account_id,
    count(*) AS was_open,
    count(*) FILTER (WHERE has_window AND NOT is_suppressed) AS still_open,
    count(*) FILTER (WHERE is_suppressed) AS suppressed_since
FROM was_open
GROUP BY account_id
