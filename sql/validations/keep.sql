-- Keeps how each rule of a campaign's list fared; a list that is validated again has its results replaced.
WITH given AS (
    SELECT
        %(campaign_id)s::uuid AS campaign_id,
        r.*
    FROM unnest(
        %(rules)s::text[], %(columns)s::text[], %(checked_counts)s::bigint[], %(broken_counts)s::bigint[]
    ) AS r (rule, column_name, checked_count, broken_count)
)

INSERT INTO validation_result (campaign_id, rule, column_name, checked_count, broken_count)
SELECT
    campaign_id,
    rule,
    column_name,
    checked_count,
    broken_count
FROM given
ON CONFLICT (campaign_id, rule, column_name) DO UPDATE
    SET
        checked_count = excluded.checked_count,
        broken_count = excluded.broken_count,
        validated_at = excluded.validated_at
