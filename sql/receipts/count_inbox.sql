-- Returns how many bodies wait, how many are applied, how many of those held something strange, and what waits for an
-- account or for a message whose id is not known yet.
SELECT
    (SELECT count(*) FROM receipt_inbox WHERE applied_at IS NULL) AS waiting_count,
    (SELECT count(*) FROM receipt_inbox WHERE applied_at IS NOT NULL) AS applied_count,
    (SELECT count(*) FROM receipt_inbox WHERE strange_count > 0) AS strange_count,
    (SELECT count(*) FROM mid_receipt WHERE attempt_id IS NULL) AS receipt_count
