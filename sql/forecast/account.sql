-- Returns what an account's plan rests on at the time `at`: its newest interaction that opens a window, how many people
-- it can message (engaged, if nobody writes again), and how many messages it has sent in the 24 hours before, those
-- included of which nobody knows yet whether they were sent.
--
-- One pass over the people of the account: an index by time would make every interaction that arrives dearer, and this
-- is asked for once in a plan. The messages are read from their own index, whatever the length of the history.
SELECT
    max(l.opener_at) AS newest_interaction_at,
    count(*) FILTER (WHERE window_end(l.opener_at) > %(at)s::timestamptz) AS engaged,
    (
        SELECT count(*) FROM message_list AS m
        WHERE m.account_id = %(account_id)s AND m.sent_at > %(at)s::timestamptz - interval '24 h'
    )
    + (
        SELECT count(*) FROM attempt AS x
        WHERE
            x.account_id = %(account_id)s
            AND x.settled_at IS NULL
            AND x.started_at > %(at)s::timestamptz - interval '24 h'
    ) AS sent
FROM last_interaction AS l
WHERE l.account_id = %(account_id)s
