-- What webhooks tell: receipts of our messages, and what people did that allows one private reply. All of it is
-- evidence: facts are added and never taken back, so that any order and any repetition of events gives the same tables.

-- Every event of a body is applied at once; what could not be understood is counted, and its bytes stay.
ALTER TABLE receipt_inbox RENAME COLUMN echoes_applied_at TO applied_at;
ALTER TABLE receipt_inbox
ADD COLUMN event_count integer, -- NULL: not read yet
ADD COLUMN strange_count integer, -- events that nobody here understands
ADD COLUMN strange text; -- why, in words, without anything a person wrote
CREATE INDEX receipt_inbox_strange ON receipt_inbox (receipt_id) WHERE strange_count > 0;

-- Of which accounts that are not kept here a body tells. When such an account is added, the body waits once more.
CREATE TABLE unknown_account (
    channel channel NOT NULL,
    external_id text NOT NULL,
    receipt_id bigint NOT NULL REFERENCES receipt_inbox ON DELETE CASCADE,
    event_count integer NOT NULL,
    PRIMARY KEY (channel, external_id, receipt_id)
);
CREATE INDEX unknown_account_of_body ON unknown_account (receipt_id);

-- A message id without the `m_` that only some events and answers carry.
CREATE FUNCTION bare_id(message_id text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN starts_with(message_id, 'm_') THEN substr(message_id, 3) ELSE message_id END
$$;

-- What the platform said of a message by its id while no message of ours has that id: the earliest times. It waits here
-- until an answer or an echo tells whose id it is, and then stands on the message. Also of ids that are nobody's: other
-- apps write to these people.
CREATE TABLE mid_receipt (
    account_id bigint NOT NULL REFERENCES account,
    mid text NOT NULL, -- bare
    user_id text, -- NULL: the event did not say
    echoed_at timestamptz, -- Instagram's echoes carry no id of ours
    delivered_at timestamptz,
    read_at timestamptz,
    -- An echo called an attempt by this id, and its answer by another one: it is a name of its message for good.
    attempt_id uuid REFERENCES attempt ON DELETE CASCADE,
    first_seen_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, mid)
);

-- What the platform said of everything that was sent to one person up to a moment of its own clock.
CREATE TYPE watermark_kind AS ENUM ('delivery', 'read');
CREATE TABLE watermark (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    kind watermark_kind NOT NULL,
    up_to timestamptz NOT NULL,
    told_at timestamptz NOT NULL, -- the event's own time, the earliest; never before `up_to`
    PRIMARY KEY (account_id, user_id, kind, up_to)
);

-- Messages that became sent, for the next pass over the inbox: their receipts may have come first.
CREATE TABLE receipt_due (message_id bigint NOT NULL);

-- Until when each account's messages were looked through for those of which no receipt has come.
CREATE TABLE receipt_check (
    account_id bigint PRIMARY KEY REFERENCES account,
    sent_before timestamptz NOT NULL
);

-- An attempt whose answer was unclear and yet named an id: a receipt of that id proves it.
CREATE INDEX attempt_unknown_id ON attempt (provider_message_id)
WHERE outcome = 'unknown' AND provider_message_id IS NOT NULL;

-- When the platform had a message at the latest, on its own clock: its echo says so, else our acceptance (clocks differ
-- by a minute at most), else any receipt of it. This only ever becomes earlier, so a watermark that covers a message
-- covers it for good.
CREATE FUNCTION sent_by(
    platform_sent_at timestamptz, sent_at timestamptz, delivered_at timestamptz, read_at timestamptz
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT least(platform_sent_at, sent_at + interval '60 s', delivered_at, read_at)
$$;

-- A comment or a visitor's post: it opens no window but allows one private reply within 7 days (Meta, Private replies).
CREATE TABLE entitlement (
    account_id bigint NOT NULL REFERENCES account,
    object_id text NOT NULL, -- the comment's id, or the post's
    kind interaction_kind NOT NULL CHECK (kind IN ('comment', 'visitor_post')),
    user_id text, -- NULL until it is told who wrote it
    given_at timestamptz, -- the earliest; NULL: only its removal has been told so far
    removed_at timestamptz, -- when it was taken back, the earliest
    hidden_at timestamptz, -- when the account hid it last ...
    shown_at timestamptz, -- ... and when it showed it again
    PRIMARY KEY (account_id, object_id),
    CHECK ((user_id IS NULL) = (given_at IS NULL))
);
CREATE INDEX entitlement_of_person ON entitlement (account_id, user_id, given_at);

-- A person's newest stop of marketing messages and their newest resumption: the newer one counts.
CREATE TABLE marketing_answer (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    stopped_at timestamptz,
    resumed_at timestamptz,
    PRIMARY KEY (account_id, user_id)
);

-- What the platform did to an account by its policies; the newest is the account's note.
CREATE TYPE policy_action AS ENUM ('warning', 'block', 'unblock');
CREATE TABLE policy_event (
    account_id bigint NOT NULL REFERENCES account,
    told_at timestamptz NOT NULL,
    action policy_action NOT NULL,
    reason text NOT NULL DEFAULT '', -- the platform's words
    PRIMARY KEY (account_id, told_at, action)
);

-- What is kept though its time was ahead of the clock when it came opens no window, ever: also not when it comes again.
CREATE INDEX interaction_ahead ON interaction (account_id, event_id, occurred_at)
WHERE occurred_at - stored_at > interval '60 s';
-- What came in of an account, newest first.
CREATE INDEX interaction_of_account ON interaction (account_id, occurred_at);

-- As before; a message that was delivered or read keeps the earliest time of it, and one that becomes sent is due to be
-- looked at with the receipts that came before it.
CREATE OR REPLACE FUNCTION move_messages(changes message_change[]) RETURNS SETOF bigint LANGUAGE sql VOLATILE AS $$
    WITH moved AS (
        UPDATE message_list AS m
        SET
            state = c.to_state,
            reason = c.reason,
            state_since = clock(),
            attempt_id = coalesce(c.attempt_id, m.attempt_id),
            sent_at = CASE
                WHEN c.to_state IN ('sent', 'delivered', 'read') THEN coalesce(m.sent_at, c.happened_at) ELSE m.sent_at
            END,
            delivered_at = CASE
                WHEN c.to_state = 'delivered' THEN least(m.delivered_at, c.happened_at) ELSE m.delivered_at
            END,
            read_at = CASE WHEN c.to_state = 'read' THEN least(m.read_at, c.happened_at) ELSE m.read_at END,
            recovered_at = CASE
                WHEN m.state = 'ineligible' AND c.to_state = 'ready' THEN clock() ELSE m.recovered_at
            END,
            not_before = CASE WHEN c.to_state = 'ready' THEN c.not_before ELSE m.not_before END,
            provider_message_id = coalesce(c.provider_message_id, m.provider_message_id),
            provider_code = coalesce(c.provider_code, m.provider_code),
            provider_subcode = coalesce(c.provider_subcode, m.provider_subcode),
            provider_text = coalesce(c.provider_text, m.provider_text)
        FROM unnest(changes) AS c, message_move AS v
        WHERE
            m.message_id = c.message_id
            AND v.from_state = m.state
            AND v.to_state = c.to_state
            AND (c.attempt_id IS NULL OR m.state = 'ready' OR m.attempt_id = c.attempt_id)
        RETURNING m.message_id, m.state
    ),

    due AS (
        INSERT INTO receipt_due (message_id) SELECT message_id FROM moved WHERE state = 'sent'
    )

    SELECT message_id FROM moved
$$;

-- Says of messages of an account that were sent in this time that no receipt has come of them: the one reason that is
-- given without a move. Returns of how many.
CREATE FUNCTION note_no_receipt(of_account bigint, since timestamptz, until timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    WITH noted AS (
        UPDATE message_list AS m
        SET reason = 'no_receipt'
        WHERE
            m.account_id = of_account
            AND m.sent_at >= since
            AND m.sent_at < until
            AND m.state = 'sent'
            AND m.reason IS NULL
            AND m.platform_sent_at IS NULL
        RETURNING m.message_id
    )

    SELECT count(*) FROM noted
$$;

-- Takes that back of messages of which a receipt came after all. Returns of how many.
CREATE FUNCTION forget_no_receipt(which bigint[]) RETURNS bigint LANGUAGE sql VOLATILE AS $$
    WITH forgotten AS (
        UPDATE message_list AS m
        SET reason = NULL
        WHERE
            m.message_id = ANY(which)
            AND m.reason = 'no_receipt'
            AND coalesce(m.platform_sent_at, m.delivered_at, m.read_at) IS NOT NULL
        RETURNING m.message_id
    )

    SELECT count(*) FROM forgotten
$$;
