-- Receipts: webhook bodies, and the receipts in them. All of it is evidence: facts are added and never removed, so that
-- any order and any repetition of events gives the same tables.

-- Webhook bodies as they came, stored before they are answered. The same bytes are stored once. The events of a body
-- are applied together; those that are not understood are counted, and the bytes stay.
CREATE TABLE receipt_inbox (
    receipt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body bytea NOT NULL,
    body_sha256 bytea NOT NULL UNIQUE,
    received_at timestamptz NOT NULL DEFAULT clock(),
    applied_at timestamptz, -- NULL: it waits
    event_count integer, -- NULL: not read yet
    strange_count integer, -- events that no parser understands
    strange text -- why, in words, without anything a person wrote
);
CREATE INDEX receipt_inbox_waiting ON receipt_inbox (receipt_id) WHERE applied_at IS NULL;
CREATE INDEX receipt_inbox_strange ON receipt_inbox (receipt_id) WHERE strange_count > 0;
-- For bodies that came since an attempt: proof that webhooks are alive, and echoes of other people's messages.
CREATE INDEX receipt_inbox_received ON receipt_inbox (received_at);

-- The accounts in a body that are not configured here. When such an account is added, the body waits once more.
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

-- Receipts by message id while no message of ours has that id: the earliest times. A row waits here until an answer or
-- an echo names the owner of the id, and is then applied to the message. Also ids that are nobody's: other apps write
-- to these people.
CREATE TABLE mid_receipt (
    account_id bigint NOT NULL REFERENCES account,
    mid text NOT NULL, -- bare
    user_id text, -- NULL: the event did not name the person
    echoed_at timestamptz, -- Instagram's echoes carry no id of ours
    delivered_at timestamptz,
    read_at timestamptz,
    -- An echo called an attempt by this id, and its answer by another one: it is a name of its message for good.
    attempt_id uuid REFERENCES attempt ON DELETE CASCADE,
    first_seen_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, mid)
);

-- Receipts of everything that was sent to one person up to a moment of the platform's clock.
CREATE TYPE watermark_kind AS ENUM ('delivery', 'read');
CREATE TABLE watermark (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    kind watermark_kind NOT NULL,
    up_to timestamptz NOT NULL,
    told_at timestamptz NOT NULL, -- the event's own time, the earliest; never before `up_to`
    PRIMARY KEY (account_id, user_id, kind, up_to)
);

-- Rows that are old enough to be deleted are found without a pass over all of them; rows come in the order of time, so
-- these indexes have a few pages and cost an insertion next to nothing.
CREATE INDEX mid_receipt_age ON mid_receipt USING brin (first_seen_at);
CREATE INDEX watermark_age ON watermark USING brin (told_at);

-- When the platform had a message at the latest, on its own clock: by its echo, else by our acceptance (clocks differ
-- by a minute at most), else by any receipt of it. This only ever becomes earlier, so a watermark that covers a message
-- covers it for good.
CREATE FUNCTION sent_by(
    platform_sent_at timestamptz, sent_at timestamptz, delivered_at timestamptz, read_at timestamptz
) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT least(platform_sent_at, sent_at + interval '60 s', delivered_at, read_at)
$$;

-- Up to which time each account's messages were searched for those without a receipt.
CREATE TABLE receipt_check (
    account_id bigint PRIMARY KEY REFERENCES account,
    sent_before timestamptz NOT NULL
);

-- Marks the messages of an account from this time that have no receipt: the one reason that is given without a move,
-- and so with the owner's rights, as a move. Returns how many.
CREATE FUNCTION note_no_receipt(of_account bigint, since timestamptz, until timestamptz) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = windowcast, pg_temp AS $$
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

-- Clears that mark of messages whose receipt came after all. Returns how many.
CREATE FUNCTION forget_no_receipt(which bigint[]) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = windowcast, pg_temp AS $$
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
