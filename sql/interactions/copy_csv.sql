-- Takes interactions in from a file: what Arrow writes fastest.
COPY loading_interaction (account_id, user_id, kind, occurred_at, event_id) FROM STDIN (FORMAT csv)
