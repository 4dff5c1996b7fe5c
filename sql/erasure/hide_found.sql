-- Takes the id of a person out of what was found in cells and headers of an account's lists.
UPDATE problem AS p
SET facts = p.facts || '{"found": "(erased)"}'
FROM campaign AS c
WHERE
    p.campaign_id = c.campaign_id
    AND c.account_id = %(account_id)s
    AND p.facts ->> 'found' ~ ('(^|[^0-9])' || %(user_id)s || '($|[^0-9])')
