-- Writes beside each ready message of a campaign when its person's window closes, as it stands now. Returns how many
-- changed. One pass over the campaign and one look-up per person, whatever the length of the history.
WITH dated AS (
    UPDATE message_list AS m
    SET closes_at = l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
    FROM last_interaction AS l
    WHERE
        m.campaign_id = %(campaign_id)s
        AND m.state = 'ready'
        AND m.account_id = l.account_id
        AND m.user_id = l.user_id
        AND m.closes_at IS DISTINCT FROM l.opener_at + interval '24 h' - %(margin_seconds)s::float8 * interval '1 s'
    RETURNING m.message_id
)

SELECT count(*) AS dated_count FROM dated
