-- People: who gets no messages, who may get a private reply, and what stays of a person whose data was erased.

-- A suppressed person gets no messages: for good (opted out, erased), or for a while (the platform could not reach
-- them).
CREATE TYPE suppression_kind AS ENUM ('opted_out', 'unavailable', 'erased');
CREATE TABLE suppression (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    kind suppression_kind NOT NULL DEFAULT 'opted_out',
    until timestamptz, -- NULL: for good
    source text NOT NULL, -- how we learnt it
    added_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, user_id),
    -- The cool-off alone has an end.
    CONSTRAINT suppression_until_check CHECK ((kind = 'unavailable') = (until IS NOT NULL))
);

-- Every statement that checks whether a person may get a message reads this: an expired cool-off holds nobody back.
CREATE VIEW active_suppression AS
SELECT
    account_id,
    user_id,
    kind,
    source,
    added_at,
    until
FROM suppression
WHERE until IS NULL OR until > clock();

-- A person's newest stop of marketing messages and their newest resumption: the newer one counts.
CREATE TABLE marketing_answer (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    stopped_at timestamptz,
    resumed_at timestamptz,
    PRIMARY KEY (account_id, user_id)
);

-- A comment or a visitor's post: it opens no window but allows one private reply within 7 days (Meta, Private replies).
CREATE TABLE entitlement (
    account_id bigint NOT NULL REFERENCES account,
    object_id text NOT NULL, -- the comment's id, or the post's
    kind interaction_kind NOT NULL CHECK (kind IN ('comment', 'visitor_post')),
    user_id text, -- NULL until an event names its author
    given_at timestamptz, -- the earliest; NULL: only its removal has been reported so far
    removed_at timestamptz, -- when its author removed it, the earliest
    hidden_at timestamptz, -- when the account hid it last ...
    shown_at timestamptz, -- ... and when it showed it again
    PRIMARY KEY (account_id, object_id),
    CHECK ((user_id IS NULL) = (given_at IS NULL))
);
CREATE INDEX entitlement_of_person ON entitlement (account_id, user_id, given_at);

-- The comments and posts that can be answered: no attempt has used them, their author has not removed them and the
-- account does not hide them. With the end of each one's time. Every statement about private replies reads this.
CREATE VIEW open_entitlement AS
SELECT
    e.account_id,
    e.user_id,
    e.object_id,
    e.kind,
    e.given_at,
    e.given_at + interval '7 days' AS until
FROM entitlement AS e
WHERE
    e.removed_at IS NULL
    AND (e.hidden_at IS NULL OR e.shown_at >= e.hidden_at)
    AND e.given_at > clock() - interval '7 days'
    AND e.given_at <= clock() + interval '60 s'
    AND NOT EXISTS (
        SELECT 1 FROM attempt AS x
        WHERE
            x.account_id = e.account_id
            AND x.entitlement_id = e.object_id
            AND coalesce(x.outcome NOT IN ('not_sent', 'absent'), TRUE)
    );

-- Until when each person can be sent a private reply: by the last of the comments that can be answered.
CREATE VIEW reply_right AS
SELECT
    account_id,
    user_id,
    max(until) AS until
FROM open_entitlement
GROUP BY account_id, user_id;

-- One row for each person of an account whose data was erased. The tombstone replaces the id everywhere, so that one
-- message per person and opt-outs still hold; it is a keyed hash, from which nobody without the key finds the id.
CREATE TABLE erased_person (
    account_id bigint NOT NULL REFERENCES account,
    tombstone text NOT NULL CHECK (tombstone ~ '^erased:[0-9a-f]{64}$'),
    key_print text NOT NULL, -- identifies the key that made the tombstone, without revealing it
    erased_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, tombstone)
);

-- Requests for deletion that people make to the platform, which passes them on. The id is the app's own, which need not
-- be the one that messages are sent to. The type has its twin in domain/erasure.py.
CREATE TYPE deletion_state AS ENUM ('waiting', 'done', 'unmatched');
CREATE TABLE deletion_request (
    code text PRIMARY KEY, -- given to the person as the key for questions: reveals nothing, and cannot be guessed
    app_user_id text, -- NULL as soon as the request is handled
    state deletion_state NOT NULL DEFAULT 'waiting',
    requested_at timestamptz NOT NULL DEFAULT clock(),
    handled_at timestamptz,
    CHECK ((state = 'waiting') = (app_user_id IS NOT NULL)),
    CHECK ((state = 'waiting') = (handled_at IS NULL))
);
CREATE INDEX deletion_request_waiting ON deletion_request (requested_at) WHERE state = 'waiting';
