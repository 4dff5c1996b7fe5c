-- What webhooks tell: receipts of our messages, and what people did that allows one private reply. All of it is
-- evidence: facts are added and never taken back, so that any order and any repetition of events gives the same tables.

-- Every event of a body is applied at once; what could not be understood is counted, and its bytes stay.
ALTER TABLE receipt_inbox RENAME COLUMN echoes_applied_at TO applied_at;
ALTER TABLE receipt_inbox
ADD COLUMN event_count integer, -- NULL: not read yet
ADD COLUMN strange_count integer, -- events that nobody here understands
ADD COLUMN strange text; -- why, in words, without anything a person wrote
CREATE INDEX receipt_inbox_strange ON receipt_inbox (receipt_id) WHERE strange_count > 0;

-- What the platform said of one message by its id (without `m_`, which only some events carry): the earliest times.
-- Also of ids that no message of ours has: an id may be told before we know it, and other apps write to these people.
CREATE TABLE mid_receipt (
    account_id bigint NOT NULL REFERENCES account,
    mid text NOT NULL,
    user_id text NOT NULL,
    delivered_at timestamptz,
    read_at timestamptz,
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
    told_at timestamptz NOT NULL, -- the event's own time
    PRIMARY KEY (account_id, user_id, kind, up_to)
);

-- A comment or a visitor's post: it opens no window but allows one private reply within 7 days (Meta, Private replies).
CREATE TABLE entitlement (
    account_id bigint NOT NULL REFERENCES account,
    object_id text NOT NULL, -- the comment's id, or the post's
    kind interaction_kind NOT NULL CHECK (kind IN ('comment', 'visitor_post')),
    user_id text NOT NULL,
    given_at timestamptz NOT NULL,
    removed_at timestamptz, -- when the person took the comment or the post back
    PRIMARY KEY (account_id, object_id)
);
CREATE INDEX entitlement_of_person ON entitlement (account_id, user_id, given_at);
