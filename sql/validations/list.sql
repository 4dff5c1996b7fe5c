-- Returns how each rule of a campaign's list fared; nothing for a list that the suite never saw.
SELECT
    rule,
    column_name,
    checked_count,
    broken_count,
    validated_at
FROM validation_result
WHERE campaign_id = %(campaign_id)s
