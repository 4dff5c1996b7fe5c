-- Everything the main job needs: accounts, templates, campaigns, the message list, attempts, interactions, the inbox.
-- The runner has made the schema `windowcast` and set the search path to it.

-- The one clock. Tests and simulations replace its body; senders then POST to loopback addresses only.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- Each enum type has a Python twin in domain/, where every value is explained; a test compares them.
CREATE TYPE channel AS ENUM ('messenger', 'instagram');
CREATE TYPE provider AS ENUM ('graph', 'chatapp');
CREATE TYPE interaction_kind AS ENUM (
    'message', 'postback', 'ad_message', 'm_me', 'ig_me', 'reaction', 'comment', 'visitor_post', 'plugin'
);
CREATE TYPE message_state AS ENUM (
    'invalid', 'duplicate', 'ineligible', 'ready', 'sending', 'unknown',
    'sent', 'delivered', 'read', 'failed', 'expired', 'cancelled'
);
CREATE TYPE campaign_state AS ENUM (
    'draft', 'validated', 'awaiting_approval', 'scheduled', 'sending', 'paused', 'finished', 'cancelled', 'refused'
);
CREATE TYPE reason AS ENUM (
    'bad_header', 'bad_user_id', 'bad_value', 'conflicting_duplicate', 'missing_value', 'too_long',
    'duplicate',
    'never_interacted', 'opted_out', 'window_closed',
    'not_after_passed',
    'campaign_cancelled', 'file_refused', 'nobody_eligible',
    'no_answer', 'unclear_answer',
    'message_refused', 'other_app_in_control', 'outside_window', 'person_unavailable', 'person_unknown',
    'no_receipt'
);
CREATE TYPE attempt_outcome AS ENUM ('accepted', 'refused', 'not_sent', 'unknown', 'absent');

-- The moves of domain/states.py: `db migrate` writes them here from there, so that they are written once.
CREATE TABLE message_move (
    from_state message_state NOT NULL,
    to_state message_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
CREATE TABLE campaign_move (
    from_state campaign_state NOT NULL,
    to_state campaign_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);

CREATE TABLE account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    channel channel NOT NULL,
    external_id text NOT NULL CHECK (external_id ~ '^[0-9]{1,32}$'),
    provider provider NOT NULL,
    page_id text CHECK (page_id ~ '^[0-9]{1,32}$'),
    credential text NOT NULL, -- the name of the environment variable that holds the token, never the token
    paused_at timestamptz,
    pause_reason text,
    created_at timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (channel, external_id)
);

-- One row per account, shared by all its workers: the time of the next free slot, and how long all must wait.
CREATE TABLE pace (
    account_id bigint PRIMARY KEY REFERENCES account,
    per_second numeric CHECK (per_second > 0), -- NULL: no pace is kept
    -- A next slot further ahead than this was not booked by the pace: the server's clock was put back since.
    most_ahead interval GENERATED ALWAYS AS (
        greatest(interval '10 s', coalesce(2 / per_second, 0)::float8 * interval '1 s')
    ) STORED,
    next_slot_at timestamptz NOT NULL DEFAULT 'epoch',
    not_before timestamptz NOT NULL DEFAULT 'epoch',
    away_count integer NOT NULL DEFAULT 0 -- times in a row that the platform did not answer or asked to wait
);

CREATE TABLE template (
    template_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    language text NOT NULL,
    version integer NOT NULL,
    channel channel NOT NULL,
    name text NOT NULL,
    content jsonb NOT NULL,
    variables text[] NOT NULL, -- in the order of the workbook's columns
    created_at timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (code, language, version)
);

CREATE TABLE campaign (
    campaign_id uuid PRIMARY KEY,
    name text NOT NULL,
    account_id bigint NOT NULL REFERENCES account,
    template_id bigint NOT NULL REFERENCES template,
    submission_id uuid NOT NULL UNIQUE, -- a repeated submit finds its campaign by this
    list_sha256 text NOT NULL, -- of the file's bytes, or of the ids given by hand
    accepts_valid boolean NOT NULL DEFAULT FALSE,
    scheduled_at timestamptz, -- NULL: at once
    not_after timestamptz,
    state campaign_state NOT NULL DEFAULT 'draft',
    pause_reason text,
    refusal text, -- the sentence that says why nothing of it will be sent
    created_at timestamptz NOT NULL DEFAULT clock(),
    started_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX campaign_same_list ON campaign (account_id, template_id, list_sha256);

CREATE TABLE upload (
    upload_id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL UNIQUE REFERENCES campaign ON DELETE CASCADE,
    file_name text NOT NULL,
    byte_count bigint NOT NULL,
    sha256 text NOT NULL,
    sheet text,
    header text[] NOT NULL,
    row_count integer NOT NULL, -- non-empty rows below the header, as the reader counted them
    remarks text[] NOT NULL
);

-- Rows between the file and the message list. Unlogged: after a crash of the server the file is read again.
CREATE UNLOGGED TABLE staged_row (
    campaign_id uuid NOT NULL,
    row_number integer NOT NULL,
    typed_user_id text,
    user_id text,
    cells text[] NOT NULL,
    PRIMARY KEY (campaign_id, row_number)
);

CREATE TABLE problem (
    problem_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaign ON DELETE CASCADE,
    row_number integer, -- NULL: of the whole file
    column_name text,
    finding text NOT NULL, -- domain/problem.py knows its code and its sentence
    facts jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX problem_of_campaign ON problem (campaign_id, row_number);

CREATE TABLE message_list (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaign,
    account_id bigint NOT NULL REFERENCES account,
    row_number integer NOT NULL, -- the number that the spreadsheet shows
    typed_user_id text, -- as it stood in the file
    user_id text,
    cells text[] NOT NULL, -- the row's values, in the order of the template's variables
    state message_state NOT NULL,
    reason reason,
    closes_at timestamptz, -- end of the person's window less the safety margin; an opener that arrives raises it
    not_before timestamptz, -- this one message waits (the platform asked for patience with this one person)
    attempt_id uuid, -- the newest attempt
    sent_at timestamptz, -- when the platform's acceptance reached us, on our clock
    platform_sent_at timestamptz, -- on the platform's clock, learnt from the echo
    delivered_at timestamptz,
    read_at timestamptz,
    provider_message_id text,
    provider_code integer,
    provider_subcode integer,
    provider_text text,
    state_since timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (campaign_id, row_number),
    UNIQUE (campaign_id, user_id),
    CHECK ((user_id IS NULL) = (state IN ('invalid', 'duplicate')))
);
-- The claim reads from the head of this index: soonest-closing window first.
CREATE INDEX message_list_turn ON message_list (campaign_id, closes_at, message_id) WHERE state = 'ready';
CREATE INDEX message_list_under_way ON message_list (campaign_id) WHERE state = 'sending';
CREATE INDEX message_list_waiting_person ON message_list (account_id, user_id) WHERE state = 'ready';

CREATE TABLE attempt (
    attempt_id uuid PRIMARY KEY, -- travels as message.metadata and comes back in the echo
    message_id bigint NOT NULL REFERENCES message_list,
    account_id bigint NOT NULL,
    user_id text NOT NULL,
    worker text NOT NULL, -- host and process, for people who look for it
    started_at timestamptz NOT NULL,
    slot_at timestamptz NOT NULL, -- when its POST may start
    lease_until timestamptz NOT NULL, -- after this it is unknown
    opener_at timestamptz NOT NULL, -- the interaction that justified it
    outcome attempt_outcome, -- NULL: under way
    ended_at timestamptz,
    settled_at timestamptz, -- NULL: the person is passed over until it is known
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

-- The evidence. Partitioned by day of the event; days without a partition of their own live in the default one.
CREATE TABLE interaction (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    kind interaction_kind NOT NULL,
    occurred_at timestamptz NOT NULL, -- the event's own time, never its arrival
    event_id text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (account_id, event_id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE interaction_default PARTITION OF interaction DEFAULT;

-- Each person's newest opener. Raised in sets by the step that stores interactions, only ever forward.
CREATE TABLE last_interaction (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    opener_at timestamptz NOT NULL,
    opener_kind interaction_kind NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, user_id)
);

CREATE TABLE suppression (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    source text NOT NULL, -- how we learnt it
    added_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, user_id)
);

-- Webhook bodies as they came, stored before they are answered. The same bytes are stored once.
CREATE TABLE receipt_inbox (
    receipt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body bytea NOT NULL,
    body_sha256 bytea NOT NULL UNIQUE,
    received_at timestamptz NOT NULL DEFAULT clock(),
    echoes_applied_at timestamptz -- the echoes in it have done their work
);
CREATE INDEX receipt_inbox_waiting ON receipt_inbox (receipt_id) WHERE echoes_applied_at IS NULL;

-- One wished change of one message. A NULL keeps what is there, save for state and reason, which are always written.
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

-- The only writer of a message's state. Returns the messages that moved; one that is not returned was moved by somebody
-- else first, which is no error.
CREATE FUNCTION move_messages(changes message_change[]) RETURNS SETOF bigint LANGUAGE sql VOLATILE AS $$
    UPDATE message_list AS m
    SET
        state = c.to_state,
        reason = c.reason,
        state_since = clock(),
        attempt_id = coalesce(c.attempt_id, m.attempt_id),
        sent_at = CASE
            WHEN c.to_state IN ('sent', 'delivered', 'read') THEN coalesce(m.sent_at, c.happened_at) ELSE m.sent_at
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
    RETURNING m.message_id
$$;

-- The only writer of a campaign's state. Returns whether it moved.
CREATE FUNCTION move_campaign(which uuid, to_campaign_state campaign_state, why text) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    WITH moved AS (
        UPDATE campaign AS c
        SET
            state = to_campaign_state,
            pause_reason = CASE WHEN to_campaign_state = 'paused' THEN why END,
            refusal = CASE WHEN to_campaign_state = 'refused' THEN why ELSE c.refusal END,
            started_at = CASE
                WHEN to_campaign_state = 'sending' THEN coalesce(c.started_at, clock()) ELSE c.started_at
            END,
            ended_at = CASE WHEN to_campaign_state IN ('finished', 'cancelled', 'refused') THEN clock() END
        FROM campaign_move AS v
        WHERE c.campaign_id = which AND v.from_state = c.state AND v.to_state = to_campaign_state
        RETURNING c.campaign_id
    )

    SELECT EXISTS (SELECT 1 FROM moved)
$$;

-- For analysts: one line per row of the sheet, and one line per campaign.
CREATE VIEW message_list_report AS
SELECT
    c.name AS campaign,
    a.name AS account,
    m.row_number,
    m.typed_user_id AS user_id,
    m.state,
    m.reason,
    m.closes_at AS window_closes_at,
    m.sent_at,
    m.delivered_at,
    m.read_at,
    m.provider_message_id,
    m.provider_code,
    m.provider_subcode,
    m.campaign_id,
    m.message_id
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
INNER JOIN account AS a ON m.account_id = a.account_id;

CREATE VIEW campaign_summary AS
SELECT
    c.campaign_id,
    c.name,
    a.name AS account,
    t.code AS template,
    t.language,
    t.version AS template_version,
    c.state,
    c.created_at,
    c.scheduled_at,
    c.started_at,
    c.ended_at,
    count(m.message_id) AS row_count,
    count(*) FILTER (WHERE m.state IN ('sent', 'delivered', 'read')) AS sent_count,
    count(*) FILTER (WHERE m.state = 'delivered') AS delivered_count,
    count(*) FILTER (WHERE m.state = 'read') AS read_count,
    count(*) FILTER (WHERE m.state = 'failed') AS failed_count,
    count(*) FILTER (WHERE m.state = 'unknown') AS unknown_count
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN template AS t ON c.template_id = t.template_id
LEFT JOIN message_list AS m ON c.campaign_id = m.campaign_id
GROUP BY c.campaign_id, a.name, t.code, t.language, t.version;

CREATE VIEW failure_breakdown AS
SELECT
    c.campaign_id,
    c.name AS campaign,
    m.state,
    m.reason,
    m.provider_code,
    m.provider_subcode,
    count(*) AS message_count
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
WHERE m.reason IS NOT NULL
GROUP BY c.campaign_id, c.name, m.state, m.reason, m.provider_code, m.provider_subcode;
