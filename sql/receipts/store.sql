-- Keeps a webhook body as it came. No row: the same bytes are there already.
INSERT INTO receipt_inbox (body, body_sha256)
VALUES (%(body)s, sha256(%(body)s))
ON CONFLICT (body_sha256) DO NOTHING
RETURNING receipt_id
