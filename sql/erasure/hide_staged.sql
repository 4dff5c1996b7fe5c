-- Puts tombstones in the place of ids in the staged rows of a campaign, and takes their values away. Returns how many
-- rows.
WITH hidden AS (
    UPDATE staged_row AS s
    SET user_id = g.tombstone, typed_user_id = g.tombstone, cells = '{}'
    FROM unnest(%(user_ids)s::text[], %(tombstones)s::text[]) AS g (user_id, tombstone)
    WHERE s.campaign_id = %(campaign_id)s AND s.user_id = g.user_id
    RETURNING s.row_number
),

problems AS (
    UPDATE problem AS p
    SET facts = p.facts || '{"found": "(erased)"}'
    FROM hidden AS h
    WHERE p.campaign_id = %(campaign_id)s AND p.row_number = h.row_number AND p.facts ? 'found'
)

SELECT count(*) AS hidden_count FROM hidden
