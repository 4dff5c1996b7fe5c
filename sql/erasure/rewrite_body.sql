-- Keeps a webhook body without what it held of a person. The hash stays that of the body as it came, so that the same
-- one that comes again is known.
UPDATE receipt_inbox SET body = %(body)s WHERE receipt_id = %(receipt_id)s
