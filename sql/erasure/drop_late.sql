-- Takes out of the loading table what people did before their data was erased: late news of them is no news.
DELETE FROM loading_interaction AS i
USING
    unnest(%(account_ids)s::bigint[], %(user_ids)s::text[], %(erased_at)s::timestamptz[])
        AS g (
            account_id, user_id, erased_at
        )
WHERE i.account_id = g.account_id AND i.user_id = g.user_id AND i.occurred_at <= g.erased_at
