-- Gives messages the reason no_receipt that were sent so long ago and of which neither an echo, a delivery nor a read
-- has told: each is looked at once, when that time has come, so the cost is flat in history. Returns how many.
WITH line AS MATERIALIZED (
    SELECT
        a.account_id,
        coalesce(c.sent_before, '-infinity') AS looked_until,
        clock() - %(days)s::float8 * interval '1 day' AS sent_before
    FROM account AS a
    LEFT JOIN receipt_check AS c ON a.account_id = c.account_id
    WHERE c.sent_before IS NULL OR c.sent_before < clock() - %(days)s::float8 * interval '1 day'
),

drawn AS (
    INSERT INTO receipt_check AS c (account_id, sent_before)
    SELECT
        account_id,
        sent_before
    FROM line
    ON CONFLICT (account_id) DO UPDATE SET sent_before = greatest(c.sent_before, excluded.sent_before)
),

told AS (
    SELECT note_no_receipt(account_id, looked_until, sent_before) AS noted_count
    FROM line
)

SELECT coalesce(sum(noted_count), 0)::bigint AS missing_count FROM told
