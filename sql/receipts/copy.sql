-- Takes receipts in.
COPY loading_receipt (kind, account_id, user_id, told_ms, mid, up_to_ms, attempt_id) FROM STDIN
