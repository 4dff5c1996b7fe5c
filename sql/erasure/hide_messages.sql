-- Puts the tombstone of a person in the place of the id in all messages and attempts of an account, and deletes what
-- else is known of them there: values, the platform's ids and words, what was found in their cells, what people wrote
-- about a decision. Rows without an id (bad ones, duplicates) are theirs when the digits of the id stand in them,
-- between other characters than digits. Returns how many messages, and the campaigns that hold them.
WITH hidden AS (
    UPDATE message_list AS m
    SET
        user_id = CASE WHEN m.user_id IS NULL THEN NULL ELSE %(tombstone)s END,
        typed_user_id = %(tombstone)s,
        cells = '{}',
        provider_message_id = NULL,
        provider_text = NULL
    WHERE
        m.account_id = %(account_id)s
        AND (
            m.user_id = %(user_id)s
            OR (
                m.user_id IS NULL
                AND concat_ws(' ', m.typed_user_id, array_to_string(m.cells, ' '))
                ~ ('(^|[^0-9])' || %(user_id)s || '($|[^0-9])')
            )
        )
    RETURNING m.message_id, m.campaign_id, m.row_number
),

attempts AS (
    UPDATE attempt AS a
    SET user_id = %(tombstone)s, provider_message_id = NULL, provider_text = NULL
    FROM hidden AS h
    WHERE a.message_id = h.message_id
),

problems AS (
    UPDATE problem AS p
    SET facts = p.facts || '{"found": "(erased)"}'
    FROM hidden AS h
    WHERE p.campaign_id = h.campaign_id AND p.row_number = h.row_number AND p.facts ? 'found'
),

decisions AS (
    UPDATE decision AS d
    SET because = '(erased)'
    FROM hidden AS h
    WHERE d.message_id = h.message_id
)

SELECT
    count(*) AS message_count,
    coalesce(array_agg(DISTINCT campaign_id), '{}') AS campaign_ids
FROM hidden
