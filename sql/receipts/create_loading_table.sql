-- Makes the table that COPY fills with receipts, and the one that gathers what each message has been told. Both are
-- gone when the transaction ends.
CREATE TEMPORARY TABLE loading_receipt (
    kind text, -- echo, delivery, read
    account_id bigint, -- NULL: an echo with an attempt's id, of an account that is not known
    user_id text,
    told_ms bigint, -- the event's own time, in milliseconds since 1970
    mid text, -- bare, save beside an attempt's id
    up_to_ms bigint,
    attempt_id uuid
) ON COMMIT DROP;

CREATE TEMPORARY TABLE told_message (
    message_id bigint,
    attempt_id uuid,
    platform_sent_at timestamptz,
    delivered_at timestamptz,
    read_at timestamptz,
    has_new_bound boolean -- when it was sent may be known better now, so older watermarks may cover it
) ON COMMIT DROP
