-- Takes interactions in.
COPY loading_interaction (account_id, user_id, kind, occurred_at, event_id) FROM STDIN
