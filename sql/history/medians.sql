-- Returns how long delivery and reading took in one campaign, in seconds, as medians over all rows of its list, or over
-- `sample_rows` rows spread evenly over a list of more than `whole_rows`; and how many rows were measured. Each sampled
-- row is a look-up in the index of row numbers, so that a million rows cost no more than a few thousand.
--
-- The view `campaign_summary` holds the medians over all rows of any list.
WITH list AS (
    SELECT
        min(m.row_number) AS first_row,
        max(m.row_number) AS last_row,
        max(m.row_number) - min(m.row_number) < %(whole_rows)s::integer AS is_short
    FROM message_list AS m
    WHERE m.campaign_id = %(campaign_id)s
),

place AS (
    SELECT generate_series(first_row, last_row, (last_row - first_row) / %(sample_rows)s::integer + 1) AS row_number
    FROM list
    WHERE NOT is_short
),

measured AS (
    SELECT
        m.platform_sent_at,
        m.sent_at,
        m.delivered_at,
        m.read_at
    FROM place AS p
    INNER JOIN message_list AS m ON m.campaign_id = %(campaign_id)s AND p.row_number = m.row_number
    UNION ALL
    SELECT
        m.platform_sent_at,
        m.sent_at,
        m.delivered_at,
        m.read_at
    FROM list AS l
    INNER JOIN message_list AS m ON m.campaign_id = %(campaign_id)s
    WHERE l.is_short
)

SELECT
    count(*) AS measured_count,
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(EPOCH FROM delivered_at - platform_sent_at)::float8
    ) AS median_seconds_to_delivery,
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(EPOCH FROM read_at - platform_sent_at)::float8
    ) AS median_seconds_to_read,
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(EPOCH FROM delivered_at - sent_at)::float8
    ) AS median_seconds_to_delivery_ours,
    percentile_cont(0.5) WITHIN GROUP (
        ORDER BY extract(EPOCH FROM read_at - sent_at)::float8
    ) AS median_seconds_to_read_ours
FROM measured
