-- Takes out of the loading table what is known in another copy: the platform tells the time of a message in whole
-- seconds where conversations are read, and in milliseconds by webhook, so the same event in the same second, by
-- whichever way it came first, is the same interaction. Looked for only where conversations were read, and only among
-- what happened before that: webhooks tell of later things. LIMIT makes each row one look at the index of its day.
DELETE FROM loading_interaction AS i
USING backfill AS b
WHERE
    i.account_id = b.account_id
    AND i.occurred_at <= b.listed_at + interval '1 min'
    AND (
        SELECT TRUE FROM interaction AS k
        WHERE
            k.account_id = b.account_id -- of the backfill, so that nothing is looked for where there is none
            AND k.event_id = i.event_id
            AND k.occurred_at >= date_trunc('second', i.occurred_at)
            AND k.occurred_at < date_trunc('second', i.occurred_at) + interval '1 s'
            AND k.occurred_at <> i.occurred_at
            AND date_trunc('second', i.occurred_at) IN (i.occurred_at, k.occurred_at)
        ORDER BY k.occurred_at ASC
        LIMIT 1
    )
