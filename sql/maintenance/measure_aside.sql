-- Returns how many pages the rows have that were set aside and are not moved yet.
SELECT pg_relation_size('interaction_aside') / current_setting('block_size')::integer AS page_count
