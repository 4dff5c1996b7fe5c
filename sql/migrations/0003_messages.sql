-- Messages: the message list, the attempts to send it, the one writer of its states, and the proof of what is unknown.

CREATE TYPE message_state AS ENUM (
    'invalid', 'duplicate', 'ineligible', 'ready', 'sending', 'unknown',
    'sent', 'delivered', 'read', 'failed', 'expired', 'cancelled'
);
CREATE TYPE reason AS ENUM (
    'bad_header', 'bad_user_id', 'bad_value', 'conflicting_duplicate', 'missing_value', 'too_long',
    'duplicate',
    'erased', 'never_interacted', 'opted_out', 'window_closed',
    'not_after_passed', 'cap_reached', 'comment_invalid',
    'campaign_cancelled', 'file_refused', 'nobody_eligible',
    'no_answer', 'restored', 'unclear_answer',
    'message_refused', 'other_app_in_control', 'outside_window', 'person_unavailable', 'person_unknown',
    'no_receipt'
);

-- The moves of domain/states.py: `db migrate` copies them from there, so that they are written once.
CREATE TABLE message_move (
    from_state message_state NOT NULL,
    to_state message_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);

-- Whether a campaign that waits (`hold_until`) waits for the person of a message; HELD_REASONS of domain/reasons.py is
-- the same list. Postgres inlines it, in the condition of an index too.
CREATE FUNCTION is_held(state message_state, reason reason) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT state = 'ineligible' AND reason IN ('window_closed', 'never_interacted', 'person_unavailable')
$$;

CREATE TABLE message_list (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaign,
    account_id bigint NOT NULL REFERENCES account,
    row_number integer NOT NULL, -- the number that the spreadsheet shows
    typed_user_id text, -- as the file has it
    user_id text,
    cells text[] NOT NULL, -- the row's values, in the order of the template's variables
    state message_state NOT NULL,
    reason reason,
    state_since timestamptz NOT NULL DEFAULT clock(),
    -- End of the person's window less the safety margin; an opener that arrives raises it. After the end of the window
    -- this is `reply_until`, where that is set.
    closes_at timestamptz,
    -- End of the time for a private reply, less the safety margin; NULL: there is none, or the campaign uses none.
    reply_until timestamptz,
    not_before timestamptz, -- this one message waits (the platform asked for patience with this one person)
    recovered_at timestamptz, -- when a held message became ready because its person wrote
    attempt_id uuid, -- the newest attempt
    sent_at timestamptz, -- when the platform's acceptance reached us, on our clock
    platform_sent_at timestamptz, -- on the platform's clock, learnt from the echo
    delivered_at timestamptz,
    read_at timestamptz,
    provider_message_id text,
    provider_code integer,
    provider_subcode integer,
    provider_text text,
    UNIQUE (campaign_id, row_number),
    UNIQUE (campaign_id, user_id),
    CHECK ((user_id IS NULL) = (state IN ('invalid', 'duplicate')))
);
-- The claim reads from the head of this index: soonest-closing window first.
CREATE INDEX message_list_turn ON message_list (campaign_id, closes_at, message_id) WHERE state = 'ready';
CREATE INDEX message_list_reply ON message_list (campaign_id, reply_until, message_id)
WHERE state = 'ready' AND reply_until IS NOT NULL;
CREATE INDEX message_list_under_way ON message_list (campaign_id) WHERE state = 'sending';
CREATE INDEX message_list_waiting_person ON message_list (account_id, user_id) WHERE state = 'ready';
CREATE INDEX message_list_held ON message_list (account_id, user_id) WHERE is_held(state, reason);
-- The unknown messages of an account, settled or not, without a pass over all of its messages.
CREATE INDEX message_list_unknown ON message_list (account_id) WHERE state = 'unknown';
-- The progress of a campaign counts its messages that were lost to closing windows every half minute.
CREATE INDEX message_list_expired ON message_list (campaign_id) WHERE state = 'expired';
-- The messages of an account lately, however long its history: overlap of a plan, daily budget, measured speed.
CREATE INDEX message_list_sent ON message_list (account_id, sent_at) INCLUDE (user_id) WHERE sent_at IS NOT NULL;
CREATE INDEX message_list_received ON message_list (account_id, user_id, sent_at)
WHERE state IN ('sent', 'delivered', 'read', 'unknown');

-- From when on a person may get another campaign message of an account by its cap; 'epoch' where the cap holds nobody
-- back. What was perhaps sent counts as sent. Called only for accounts that have a cap.
CREATE FUNCTION cap_free_at(of_account bigint, of_user text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (
            SELECT coalesce(m.sent_at, m.state_since) + a.cap_hours * interval '1 h'
            FROM account AS a
            INNER JOIN message_list AS m ON a.account_id = m.account_id
            WHERE
                a.account_id = of_account
                AND m.user_id = of_user
                AND m.state IN ('sent', 'delivered', 'read', 'unknown')
            ORDER BY coalesce(m.sent_at, m.state_since) DESC
            LIMIT 1 OFFSET (SELECT greatest(x.cap_messages - 1, 0) FROM account AS x WHERE x.account_id = of_account)
        ),
        'epoch'
    )
$$;

-- For how many seconds a campaign gives way to others of its account before its next claim; 0: it may claim now.
-- The campaign whose first person's window closes soonest goes first. It cannot take all: half of the pace belongs to
-- the campaigns that are being sent, in parts by their weights, so that none is starved. A campaign counts as being
-- sent for two seconds after the slots of its last claim.
CREATE FUNCTION turn_wait_seconds(which uuid) RETURNS float8 LANGUAGE sql VOLATILE AS $$
    WITH now AS MATERIALIZED (SELECT clock() AS at),

    own AS MATERIALIZED (
        SELECT
            c.campaign_id,
            c.account_id,
            c.weight,
            t.taken_at,
            t.taken_seconds,
            least(
                (
                    SELECT m.closes_at
                    FROM message_list AS m
                    WHERE m.campaign_id = c.campaign_id AND m.state = 'ready'
                    ORDER BY m.closes_at
                    LIMIT 1
                ),
                c.not_after
            ) AS deadline
        FROM campaign AS c
        LEFT JOIN campaign_turn AS t ON c.campaign_id = t.campaign_id
        WHERE c.campaign_id = which
    ),

    rival AS MATERIALIZED (
        SELECT
            t.deadline,
            c.weight
        FROM campaign_turn AS t
        INNER JOIN campaign AS c ON t.campaign_id = c.campaign_id
        CROSS JOIN own
        CROSS JOIN now
        WHERE
            t.account_id = own.account_id
            AND t.campaign_id <> own.campaign_id
            AND c.state = 'sending'
            AND t.taken_at + (2 + t.taken_seconds) * interval '1 s' > now.at
    )

    SELECT
        CASE
            WHEN own.taken_at IS NULL THEN 0
            WHEN NOT EXISTS (SELECT 1 FROM rival AS r WHERE r.deadline < own.deadline) THEN 0
            WHEN own.weight = 0 THEN 0.25
            ELSE greatest(
                0,
                extract(EPOCH FROM own.taken_at - now.at)
                + own.taken_seconds * 2 * (own.weight + (SELECT sum(r.weight) FROM rival AS r)) / own.weight
            )
        END::float8
    FROM own
    CROSS JOIN now
$$;

CREATE TYPE attempt_outcome AS ENUM ('accepted', 'refused', 'not_sent', 'unknown', 'absent');
CREATE TABLE attempt (
    attempt_id uuid PRIMARY KEY, -- travels as message.metadata and comes back in the echo
    message_id bigint NOT NULL REFERENCES message_list,
    account_id bigint NOT NULL,
    user_id text NOT NULL,
    worker text NOT NULL, -- host and process, for people who look for it
    started_at timestamptz NOT NULL,
    slot_at timestamptz NOT NULL, -- when its POST may start
    lease_until timestamptz NOT NULL, -- after this it is unknown
    opener_at timestamptz NOT NULL, -- time of the interaction that justified it, or of the comment or post
    entitlement_id text, -- the comment or post that it answers; NULL: the person's window justified it
    outcome attempt_outcome, -- NULL: under way
    ended_at timestamptz,
    settled_at timestamptz, -- NULL: the claim skips the person until it is known
    provider_message_id text,
    provider_code integer,
    provider_subcode integer,
    provider_text text,
    CHECK (outcome IS NOT NULL OR settled_at IS NULL)
);
-- At most one unresolved attempt per person of an account: an echo then has one meaning, and a claim that loses the
-- race for a person inserts nothing.
CREATE UNIQUE INDEX attempt_unresolved ON attempt (account_id, user_id) WHERE settled_at IS NULL;
CREATE INDEX attempt_of_message ON attempt (message_id);
CREATE INDEX attempt_under_way ON attempt (lease_until) WHERE outcome IS NULL;
-- Each comment or post is used at most once, over all campaigns. It is free again only when the attempt certainly did
-- not reach the platform; an unknown or refused attempt keeps it.
CREATE UNIQUE INDEX attempt_private_reply ON attempt (account_id, entitlement_id)
WHERE entitlement_id IS NOT NULL AND coalesce(outcome NOT IN ('not_sent', 'absent'), TRUE);
-- One message id names one message, over all campaigns of an account: this finds the attempt that had an id before.
-- Hashed, since an id may have hundreds of characters: 4 bytes an entry, and one insertion for each accepted message.
CREATE INDEX attempt_message_id ON attempt USING hash (provider_message_id) WHERE outcome = 'accepted';
-- An attempt whose answer was unclear and yet named an id: a receipt of that id proves it.
CREATE INDEX attempt_unknown_id ON attempt (provider_message_id)
WHERE outcome = 'unknown' AND provider_message_id IS NOT NULL;

-- The owner of each message id, by the platform's answers: the first attempt that was given it. Two processes that get
-- one id in the same instant meet at this key. Hashed, since ids may be long; filled from the answers alone, so that a
-- false echo stops nothing.
CREATE TABLE told_message_id (
    account_id bigint NOT NULL REFERENCES account,
    message_id_sha256 bytea NOT NULL,
    attempt_id uuid NOT NULL,
    told_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, message_id_sha256)
);

-- Messages that became sent, for the next pass over the inbox: their receipts may have come first.
CREATE TABLE receipt_due (message_id bigint NOT NULL);

-- One requested change of one message. A NULL leaves the column as it is, save for state and reason, which are always
-- written.
CREATE TYPE message_change AS (
    message_id bigint,
    to_state message_state,
    reason reason,
    attempt_id uuid, -- the move happens only if this is the message's newest attempt, or its state is 'ready'
    happened_at timestamptz,
    provider_message_id text,
    provider_code integer,
    provider_subcode integer,
    provider_text text,
    not_before timestamptz
);

-- The change of a message to a state: name the other fields that it has. Postgres inlines it.
CREATE FUNCTION message_change(
    message_id bigint,
    to_state message_state,
    reason reason DEFAULT NULL,
    attempt_id uuid DEFAULT NULL,
    happened_at timestamptz DEFAULT NULL,
    provider_message_id text DEFAULT NULL,
    provider_code integer DEFAULT NULL,
    provider_subcode integer DEFAULT NULL,
    provider_text text DEFAULT NULL,
    not_before timestamptz DEFAULT NULL
) RETURNS message_change LANGUAGE sql IMMUTABLE AS $$
    SELECT
        ROW(
            message_id, to_state, reason, attempt_id, happened_at, provider_message_id, provider_code,
            provider_subcode, provider_text, not_before
        )::message_change
$$;

-- The only writer of a message's state; with the owner's rights and a fixed path, as `move_campaign`. Returns the
-- messages that moved; a message that is not returned was moved by another process first, which is no error. A message
-- that was delivered or read keeps the earliest time of it; one that becomes ready after it was ineligible is
-- recovered; and one that becomes sent is due to be compared with the receipts that came before it.
CREATE FUNCTION move_messages(changes message_change[]) RETURNS SETOF bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = windowcast, pg_temp AS $$
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

-- Both have their twin in domain/evidence.py.
CREATE TYPE look_up_result AS ENUM ('found', 'absent', 'unclear', 'throttled', 'refused', 'no_answer');
CREATE TYPE decision_kind AS ENUM ('sent', 'absent', 'retry');

-- Each look-up of a conversation, stored as the explanation why a message was set to sent, absent or unknown.
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

-- One row per account that was ever looked up, shared by all workers; apart from `pace`, so that no look-up ever waits
-- for a sender's lock or a sender for a look-up's.
CREATE TABLE look_up_pace (
    account_id bigint PRIMARY KEY REFERENCES account,
    next_at timestamptz NOT NULL DEFAULT 'epoch',
    not_before timestamptz NOT NULL DEFAULT 'epoch',
    throttle_count integer NOT NULL DEFAULT 0, -- times in a row that the platform asked to wait
    slowest_acceptance interval NOT NULL DEFAULT '0 s' -- from the slot to the platform's acceptance, ever seen
);

-- The one audit of everything that is not evidence: a person's decision on an unknown, a campaign's own policy, a
-- retry.
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
    contradicted_at timestamptz -- when proof came that an attempt decided as absent had been sent after all
);
CREATE INDEX decision_of_message ON decision (message_id);
CREATE INDEX decision_of_attempt ON decision (attempt_id);
