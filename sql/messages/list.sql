-- Returns the messages of a campaign in the order of the sheet, by state and reason where they are given, each with the
-- right by which its newest attempt was made: `window` or `private reply`, NULL without one.
SELECT
    m.message_id,
    m.row_number,
    m.typed_user_id,
    m.user_id,
    m.cells,
    m.state,
    m.reason,
    m.closes_at,
    m.sent_at,
    m.platform_sent_at,
    m.recovered_at,
    m.delivered_at,
    m.read_at,
    m.provider_message_id,
    m.provider_code,
    m.provider_subcode,
    m.provider_text,
    CASE
        WHEN x.attempt_id IS NULL THEN NULL
        WHEN x.entitlement_id IS NULL THEN 'window'
        ELSE 'private reply'
    END AS sent_by
FROM message_list AS m
LEFT JOIN attempt AS x ON m.attempt_id = x.attempt_id
WHERE
    m.campaign_id = %(campaign_id)s
    AND (%(state)s::message_state IS NULL OR m.state = %(state)s)
    AND (%(reason)s::reason IS NULL OR m.reason = %(reason)s)
ORDER BY m.row_number
