-- Campaigns: the campaign with its uploaded list, its problems, approvals and runs, and campaigns that recur.

CREATE TYPE campaign_state AS ENUM (
    'draft', 'validated', 'awaiting_approval', 'scheduled', 'sending', 'paused', 'finished', 'cancelled', 'refused'
);

-- The moves of domain/states.py: `db migrate` copies them from there, so that they are written once.
CREATE TABLE campaign_move (
    from_state campaign_state NOT NULL,
    to_state campaign_state NOT NULL,
    PRIMARY KEY (from_state, to_state)
);

-- The campaign's row is the authority: a Prefect run that is not the one named here, or comes at another time, sends
-- nothing.
CREATE TABLE campaign (
    campaign_id uuid PRIMARY KEY,
    name text NOT NULL,
    account_id bigint NOT NULL REFERENCES account,
    template_id bigint NOT NULL REFERENCES template,
    submission_id uuid NOT NULL UNIQUE, -- a repeated submit finds its campaign by this
    submitted_by text CHECK (submitted_by <> ''), -- NULL: the submit gave no name
    list_sha256 text NOT NULL, -- of the file's bytes, or of the ids given by hand

    -- What the submit asked for.
    accepts_valid boolean NOT NULL DEFAULT FALSE,
    accepts_old_interactions boolean NOT NULL DEFAULT FALSE, -- a person accepted the interactions as old as they were
    resends_unknown boolean NOT NULL DEFAULT FALSE, -- a message that two look-ups prove absent is sent once more
    private_replies boolean NOT NULL DEFAULT FALSE, -- it may use comments and posts
    hold_until timestamptz, -- until then it waits for people without an open window
    weight numeric NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight <= 100), -- among the campaigns of its account
    -- How many runs of a Prefect server send it at once; NULL: as many as the workers' setting says. In the row, so
    -- that a run that comes later (at its time, after an approval, in place of a dead one) has it too.
    shares smallint CHECK (shares BETWEEN 1 AND 64),
    -- Whether it needs an approval. Once it does, every change of the plan needs a new one.
    asks_approval boolean NOT NULL DEFAULT FALSE,

    -- When it is sent, and by which run.
    scheduled_at timestamptz, -- NULL: at once
    not_after timestamptz,
    -- Part of the key by which a server knows the run. A server returns a key's run even when that was cancelled, so a
    -- new time, or a run that somebody has deleted, needs a new number.
    schedule_revision integer NOT NULL DEFAULT 1 CHECK (schedule_revision > 0),
    scheduled_run_id uuid, -- NULL: no run was created yet
    flow_run_id uuid, -- the newest run of a Prefect server that worked on it; NULL: none did

    -- The forecast, and what became of it.
    plan jsonb, -- the forecast at its admission
    outlook jsonb, -- the newest measurement of its remaining messages while it is sent
    lost_by_delay integer, -- people whose windows closed between its time and its start; NULL: it started in time

    state campaign_state NOT NULL DEFAULT 'draft',
    state_since timestamptz NOT NULL DEFAULT clock(),
    pause_reason text,
    refusal text, -- the sentence that says why nothing of it will be sent
    created_at timestamptz NOT NULL DEFAULT clock(),
    started_at timestamptz,
    resumed_at timestamptz, -- when a person let it continue; the lateness of its start counts from then
    ended_at timestamptz,
    texts_deleted_at timestamptz -- when the values of its rows were deleted; the states stay, and nothing is sent again
);
CREATE INDEX campaign_same_list ON campaign (account_id, template_id, list_sha256);
CREATE INDEX campaign_timed ON campaign (scheduled_at) WHERE state = 'scheduled';

-- A trigger, so that no statement that moves a campaign can forget it.
CREATE FUNCTION note_state_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state_since := clock();
    RETURN NEW;
END
$$;
CREATE TRIGGER campaign_state_since BEFORE UPDATE OF state ON campaign
FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION note_state_since();

-- The only writer of a campaign's state. Returns whether it moved. It runs with the owner's rights, since no role may
-- write the column; the path is fixed, so that a caller cannot slip in tables or functions of its own.
CREATE FUNCTION move_campaign(which uuid, to_campaign_state campaign_state, why text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = windowcast, pg_temp AS $$
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

-- Why the bytes of a stored file were deleted. Has its twin in domain/retention.py.
CREATE TYPE file_loss AS ENUM ('retention', 'erasure');
CREATE TABLE upload (
    upload_id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL UNIQUE REFERENCES campaign ON DELETE CASCADE,
    file_name text NOT NULL,
    byte_count bigint NOT NULL,
    sha256 text NOT NULL,
    file_loss file_loss, -- NULL: the bytes are stored, or never were
    sheet text,
    header text[] NOT NULL,
    header_cells text[] NOT NULL DEFAULT '{}', -- of each name in the header ('A1', 'B1', ...); empty: no file was read
    row_count integer NOT NULL, -- non-empty rows below the header, as the reader counted them
    remarks text[] NOT NULL
);

-- The uploaded file as it came, so that its people get it back with the outcomes next to their rows: one row for each
-- upload whose file could be read. External: a workbook is compressed already, and uncompressed values are read in
-- pieces without unpacking the whole.
CREATE TABLE upload_file (
    upload_id uuid PRIMARY KEY REFERENCES upload ON DELETE CASCADE,
    content bytea NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT clock()
);
ALTER TABLE upload_file ALTER COLUMN content SET STORAGE EXTERNAL;

-- Rows between the file and the message list. Unlogged: after a crash of the server the file is read again. COPY fills
-- this table and `problem` directly, a third faster than through a temporary table; a copied line does not contain its
-- campaign, which is the one that the transaction has named. Without a name nothing can be copied.
CREATE UNLOGGED TABLE staged_row (
    campaign_id uuid NOT NULL DEFAULT current_setting('windowcast.staged_campaign_id')::uuid,
    row_number integer NOT NULL,
    typed_user_id text,
    user_id text,
    cells text[] NOT NULL
);
-- By blocks, because all rows of a campaign are read, never one: a key of (campaign_id, row_number) takes a third of
-- the time of COPY. That no row number occurs twice is checked by the reader, and guarded by the key of message_list.
CREATE INDEX staged_row_of_campaign ON staged_row USING brin (campaign_id) WITH (autosummarize = on);

CREATE TABLE problem (
    problem_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id uuid NOT NULL DEFAULT current_setting('windowcast.staged_campaign_id')::uuid
    REFERENCES campaign ON DELETE CASCADE,
    row_number integer, -- NULL: of the whole file
    column_name text,
    finding text NOT NULL, -- domain/problem.py has its code and its sentence
    facts jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX problem_of_campaign ON problem (campaign_id, row_number);

-- What the suite of the template version found in the list of a campaign, so that its report can be made at any time.
CREATE TABLE validation_result (
    campaign_id uuid NOT NULL REFERENCES campaign ON DELETE CASCADE,
    rule text NOT NULL, -- domain/recipient_rules.py describes it
    column_name text NOT NULL DEFAULT '', -- '': of the whole row
    checked_count bigint NOT NULL CHECK (checked_count >= 0),
    broken_count bigint NOT NULL CHECK (broken_count >= 0),
    validated_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (campaign_id, rule, column_name)
);

-- Who approved or rejected which plan, and when. Rows are added and never changed; they go with their campaign. The
-- type has its twin in domain/.
CREATE TYPE approval_verdict AS ENUM ('approved', 'rejected');
CREATE TABLE approval (
    approval_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaign ON DELETE CASCADE,
    verdict approval_verdict NOT NULL,
    plan_hash text NOT NULL CHECK (plan_hash ~ '^[0-9a-f]{64}$'),
    plan jsonb NOT NULL, -- the hashed plan, to be read again later
    submitted_by text, -- the campaign's, at that time
    decided_by text NOT NULL CHECK (decided_by <> ''),
    decided_at timestamptz NOT NULL DEFAULT clock(),
    because text CHECK (because <> ''),
    CHECK (verdict = 'approved' OR because IS NOT NULL)
);
CREATE INDEX approval_of_campaign ON approval (campaign_id, approval_id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER approval_is_kept BEFORE UPDATE ON approval
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The last claim of each campaign that has a pace: the campaigns of an account share it fairly by these rows.
CREATE UNLOGGED TABLE campaign_turn (
    campaign_id uuid PRIMARY KEY REFERENCES campaign ON DELETE CASCADE,
    account_id bigint NOT NULL,
    deadline timestamptz NOT NULL, -- of its last claim: when the first message in it could no longer be sent
    taken_at timestamptz NOT NULL,
    taken_seconds float8 NOT NULL -- of the account's pace
) WITH (fillfactor = 50);
CREATE INDEX campaign_turn_of_account ON campaign_turn (account_id);

-- The runs of a campaign. No run owns a campaign: any number may be under way at once, and this is only their record.
CREATE TABLE campaign_run (
    run_id uuid PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaign ON DELETE CASCADE,
    flow text NOT NULL, -- 'submit-campaign', 'send-campaign', or 'campaigns run' for one without Prefect
    flow_run_id uuid, -- Prefect's; a run that is retried has the same one
    started_at timestamptz NOT NULL DEFAULT clock(),
    ended_at timestamptz, -- NULL: under way, or its process died
    ended_with text, -- the campaign's state at its end, or the code of the error that ended it
    CHECK ((ended_at IS NULL) = (ended_with IS NULL))
);
CREATE INDEX campaign_run_of_campaign ON campaign_run (campaign_id, started_at);

-- A list that is submitted again at every time that a cron expression names. Rows stay after they are stopped.
CREATE TABLE recurring (
    recurring_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    cron text NOT NULL,
    time_zone text NOT NULL, -- the zone that the expression is meant in
    words jsonb NOT NULL, -- what to submit: parameters of the flow submit-campaign. No secrets: an address has no query
    created_at timestamptz NOT NULL DEFAULT clock(),
    stopped_at timestamptz,
    -- Every occurrence up to here has its run, or was reported as missed.
    made_until timestamptz NOT NULL DEFAULT clock()
);
