-- Returns the newest campaign of the same bytes, account and template (any version of it), however long ago, and if a
-- campaign is given, made before that one. Only files count, so there is an upload; refused campaigns, those cancelled
-- before anything was sent and drafts do not, because nobody can have got a message of them. The versions of a template
-- are few, so that the index on account, template and list finds the rest.
SELECT
    c.campaign_id,
    c.name,
    c.created_at
FROM campaign AS c
INNER JOIN template AS t ON c.template_id = t.template_id
INNER JOIN upload AS u ON c.campaign_id = u.campaign_id
WHERE
    c.account_id = %(account_id)s
    AND t.code = %(template_code)s
    AND t.language = %(template_language)s
    AND c.list_sha256 = %(list_sha256)s
    AND c.campaign_id IS DISTINCT FROM %(campaign_id)s::uuid
    AND c.created_at <= coalesce(%(created_at)s::timestamptz, 'infinity')
    AND c.state NOT IN ('refused', 'draft')
    AND NOT (
        c.state = 'cancelled'
        AND (
            c.started_at IS NULL
            OR NOT EXISTS (
                SELECT 1
                FROM message_list AS m
                INNER JOIN attempt AS x ON m.message_id = x.message_id
                WHERE
                    m.campaign_id = c.campaign_id
                    AND m.attempt_id IS NOT NULL
                    AND coalesce(x.outcome, 'unknown') <> 'not_sent'
            )
        )
    )
ORDER BY c.created_at DESC
LIMIT 1
