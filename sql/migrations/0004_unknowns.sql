-- What is unknown: look-ups that seek its proof, decisions of people and of campaigns, and the pace of look-ups.

-- Both have their twin in domain/evidence.py.
CREATE TYPE look_up_result AS ENUM ('found', 'absent', 'unclear', 'throttled', 'refused', 'no_answer');
CREATE TYPE decision_kind AS ENUM ('sent', 'absent', 'retry');

-- Policy B: what two look-ups prove absent is sent once more. Off unless the submit asked for it.
ALTER TABLE campaign ADD COLUMN resends_unknown boolean NOT NULL DEFAULT FALSE;

-- Each look at a conversation, kept for those who ask later why a message was called sent, absent or unknown.
CREATE TABLE look_up (
    look_up_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempt_id uuid NOT NULL REFERENCES attempt,
    asked_at timestamptz NOT NULL DEFAULT clock(),
    ended_at timestamptz,
    result look_up_result, -- NULL: under way, or its process died
    page_count integer NOT NULL DEFAULT 0,
    detail text -- in words, without any text of a message
);
CREATE INDEX look_up_of_attempt ON look_up (attempt_id, asked_at);

-- The one audit of everything that is not evidence: a person's word on an unknown, a campaign's own policy, a retry.
CREATE TABLE decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id bigint NOT NULL REFERENCES message_list,
    attempt_id uuid REFERENCES attempt, -- that it is about; NULL: a restored backup lost it
    kind decision_kind NOT NULL,
    decided_by text NOT NULL CHECK (decided_by <> ''),
    decided_at timestamptz NOT NULL DEFAULT clock(),
    because text NOT NULL CHECK (because <> ''),
    state_before message_state NOT NULL,
    reason_before reason,
    state_after message_state NOT NULL,
    contradicted_at timestamptz -- when proof came that an attempt called absent had been sent after all
);
CREATE INDEX decision_of_message ON decision (message_id);
CREATE INDEX decision_of_attempt ON decision (attempt_id);

-- One row per account that was ever looked up, shared by all workers; apart from `pace`, so that no look-up ever waits
-- for a sender's lock or a sender for a look-up's.
CREATE TABLE look_up_pace (
    account_id bigint PRIMARY KEY REFERENCES account,
    next_at timestamptz NOT NULL DEFAULT 'epoch',
    not_before timestamptz NOT NULL DEFAULT 'epoch',
    throttle_count integer NOT NULL DEFAULT 0, -- times in a row that the platform asked to wait
    slowest_acceptance interval NOT NULL DEFAULT '0 s' -- from the slot to the platform's acceptance, ever seen
);

-- What is unknown of an account, settled or not, without a pass over all of its messages.
CREATE INDEX message_list_unknown ON message_list (account_id) WHERE state = 'unknown';

-- For what came in since an attempt: proof that webhooks are alive, and echoes of other people's messages.
CREATE INDEX receipt_inbox_received ON receipt_inbox (received_at);
