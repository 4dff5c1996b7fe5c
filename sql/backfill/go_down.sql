-- Keeps that the page behind a cursor was listed, unless another process was faster: then the walk is further already.
UPDATE backfill
SET
    listed_at = clock(),
    top_at = coalesce(top_at, %(newest_at)s::timestamptz),
    bottom_at = least(bottom_at, %(oldest_at)s::timestamptz),
    next_cursor = %(next_cursor)s,
    is_whole = %(next_cursor)s::text IS NULL
WHERE
    account_id = %(account_id)s
    AND NOT is_whole
    AND next_cursor IS NOT DISTINCT FROM %(cursor)s::text
