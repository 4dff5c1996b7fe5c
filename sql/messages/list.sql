-- Returns the messages of a campaign in the order of the sheet, by state and reason where they are given.
SELECT
    message_id,
    row_number,
    typed_user_id,
    user_id,
    cells,
    state,
    reason,
    closes_at,
    sent_at,
    platform_sent_at,
    recovered_at,
    delivered_at,
    read_at,
    provider_message_id,
    provider_code,
    provider_subcode,
    provider_text
FROM message_list
WHERE
    campaign_id = %(campaign_id)s
    AND (%(state)s::message_state IS NULL OR state = %(state)s)
    AND (%(reason)s::reason IS NULL OR reason = %(reason)s)
ORDER BY row_number
