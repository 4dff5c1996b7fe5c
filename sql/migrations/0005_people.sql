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

-- The reason of a message whose person is suppressed. Postgres inlines it.
CREATE FUNCTION suppression_reason(kind suppression_kind) RETURNS reason LANGUAGE sql IMMUTABLE AS $$
    SELECT
        CASE kind
            WHEN 'opted_out' THEN 'opted_out'::reason
            WHEN 'erased' THEN 'erased'
            WHEN 'unavailable' THEN 'person_unavailable'
        END
$$;

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

-- Until when each message may be sent: to the end of its person's window, or of the time for a private reply where its
-- campaign uses them, whichever is later; NULL where there is neither. A claim stops earlier, by the safety margin and
-- the time that a POST takes. Postgres plans a statement as if it had these joins itself, without those that it does
-- not need.
CREATE VIEW message_deadline AS
SELECT
    m.message_id,
    m.campaign_id,
    m.account_id,
    m.user_id,
    m.state,
    m.reason,
    m.not_before,
    c.state AS campaign_state,
    c.scheduled_at,
    c.not_after,
    c.hold_until,
    s.kind AS suppression,
    -- By a column of the join, so that `NOT is_suppressed` is an anti join: the planner knows how few others there are.
    s.user_id IS NOT NULL AS is_suppressed,
    window_end(l.opener_at) AS window_ends_at,
    r.until AS reply_ends_at,
    greatest(window_end(l.opener_at), r.until) AS ends_at
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
LEFT JOIN last_interaction AS l ON m.account_id = l.account_id AND m.user_id = l.user_id
LEFT JOIN reply_right AS r ON c.private_replies AND m.account_id = r.account_id AND m.user_id = r.user_id
LEFT JOIN active_suppression AS s ON m.account_id = s.account_id AND m.user_id = s.user_id;

-- The value of a message's `closes_at`, given both ends less the safety margin: the end of its window while that is
-- open. Postgres inlines it.
CREATE FUNCTION closing_time(window_ends_at timestamptz, reply_ends_at timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN window_ends_at > clock() THEN window_ends_at ELSE coalesce(reply_ends_at, window_ends_at) END
$$;

-- The held messages of campaigns that are under way and still wait: each is ready again as soon as its person has an
-- open window. (A timed campaign that has not started checks everybody at its start.)
CREATE VIEW recoverable_message AS
SELECT
    message_id,
    campaign_id,
    account_id,
    user_id,
    ends_at
FROM message_deadline
WHERE
    is_held(state, reason)
    AND campaign_state IN ('sending', 'paused')
    AND hold_until > clock()
    AND NOT is_suppressed;

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
