-- Returns a webhook body as it came.
SELECT body FROM receipt_inbox WHERE receipt_id = %(receipt_id)s
