-- One message id names one message, over all campaigns of an account: this finds the one that had an id before.
-- Hashed, since an id may have hundreds of characters: 4 bytes an entry, and one insertion for each accepted message.
CREATE INDEX attempt_message_id ON attempt USING hash (provider_message_id) WHERE outcome = 'accepted';
