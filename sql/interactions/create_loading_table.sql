-- Makes the table that COPY fills with interactions on their way in; it is gone when the transaction ends.
CREATE TEMPORARY TABLE loading_interaction (
    account_id bigint,
    user_id text,
    kind interaction_kind,
    occurred_at timestamptz,
    event_id text
) ON COMMIT DROP
