-- Returns, for the good rows of a campaign, in how many seconds each person's last turn is over if nobody writes again:
-- counted from `now` (closes_in) and from the send time `at` (closes_in_at_send), NULL where it is over by then; as
-- counts of people, and the latest last turn of each. The last turn is that of the window, or of a comment that the
-- campaign may answer; people who have neither by `now` are in none of them.
--
-- Whole seconds, rounded down, so that no plan is better than the send, and at most a day of them, so that a list of a
-- million people is foretold from some thousand lines; comments, which last for days, in whole hours. Bins are made by
-- date_bin, which counts in whole microseconds, and epochs are taken of the bins alone. A campaign's not_after ends
-- turns as a window's end does; who is at the account's cap until then is left out, as when windows are joined at the
-- start.
WITH reachable AS (
    SELECT
        least(
            greatest(window_end(l.opener_at), r.until) - %(lead)s::interval,
            c.not_after - %(slot_wait_seconds)s::float8 * interval '1 s'
        ) AS last_turn_at
    FROM message_list AS m
    INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
    INNER JOIN account AS a ON m.account_id = a.account_id
    -- Whoever's window has closed has no turn in it, now or later: most people of a long history drop out here.
    LEFT JOIN last_interaction AS l
        ON
            m.account_id = l.account_id AND m.user_id = l.user_id
            AND window_end(l.opener_at) - %(lead)s::interval > %(now)s::timestamptz
    LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
    LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id
    WHERE
        m.campaign_id = %(campaign_id)s
        AND m.user_id IS NOT NULL
        AND s.user_id IS NULL
        AND (l.user_id IS NOT NULL OR r.user_id IS NOT NULL)
        AND (
            a.cap_messages IS NULL
            OR cap_free_at(m.account_id, m.user_id)
            < least(greatest(window_end(l.opener_at), r.until) - %(lead)s::interval, c.not_after)
        )
),

grained AS (
    SELECT
        last_turn_at,
        CASE
            WHEN last_turn_at > %(at)s::timestamptz + interval '25 h' THEN interval '1 h' ELSE interval '1 s'
        END AS grain
    FROM reachable
),

binned AS (
    SELECT
        date_bin(grain, last_turn_at, %(now)s::timestamptz) AS from_now,
        date_bin(grain, last_turn_at, %(at)s::timestamptz) AS from_at,
        -- A turn that ends at this very moment is over, though its bin has just begun.
        last_turn_at > %(now)s::timestamptz AS is_open_now,
        last_turn_at > %(at)s::timestamptz AS is_open_then,
        max(last_turn_at) AS last_turn_at,
        count(*) AS people
    FROM grained
    GROUP BY from_now, from_at, is_open_now, is_open_then
)

SELECT
    last_turn_at,
    people,
    CASE
        WHEN is_open_now THEN extract(EPOCH FROM from_now - %(now)s::timestamptz)::integer
    END AS closes_in,
    CASE
        WHEN is_open_then THEN extract(EPOCH FROM from_at - %(at)s::timestamptz)::integer
    END AS closes_in_at_send
FROM binned
