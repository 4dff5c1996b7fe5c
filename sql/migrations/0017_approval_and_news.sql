-- A second person's word before many people are written to, and what people were told of.

-- Both have their twin in domain/.
CREATE TYPE approval_verdict AS ENUM ('approved', 'rejected');
CREATE TYPE news_kind AS ENUM (
    'finished', 'paused', 'refused', 'late', 'awaiting_approval', 'account_paused', 'windows_at_risk', 'report_ready',
    'finding'
);

ALTER TABLE campaign
ADD COLUMN submitted_by text CHECK (submitted_by <> ''), -- NULL: it was submitted before names were kept
-- Whether a person was asked. Once asked, every change of the plan asks again.
ADD COLUMN asks_approval boolean NOT NULL DEFAULT FALSE,
-- The newest run of a Prefect server that worked on it; NULL: none did.
ADD COLUMN flow_run_id uuid,
ADD COLUMN state_since timestamptz NOT NULL DEFAULT clock();

-- A trigger, so that whatever moves a campaign need not think of it.
CREATE FUNCTION note_state_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.state_since := clock();
    RETURN NEW;
END
$$;
CREATE TRIGGER campaign_state_since BEFORE UPDATE OF state ON campaign
FOR EACH ROW WHEN (old.state IS DISTINCT FROM new.state) EXECUTE FUNCTION note_state_since();

-- Who approved or rejected which plan, and when. Rows are added and never changed; they go with their campaign.
CREATE TABLE approval (
    approval_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaign ON DELETE CASCADE,
    verdict approval_verdict NOT NULL,
    plan_hash text NOT NULL CHECK (plan_hash ~ '^[0-9a-f]{64}$'),
    plan jsonb NOT NULL, -- what the hash is of, to be read again later
    submitted_by text, -- who had submitted it by then
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

-- One row for each thing told to each place: whoever adds it tells it, so that two sweeps tell it once.
CREATE TABLE told (
    news_key text NOT NULL, -- what happened to what, and when: the same event has the same key for everybody
    place text NOT NULL, -- the notification block
    kind news_kind NOT NULL,
    subject text NOT NULL,
    body text NOT NULL, -- as it is told: sentences, without a name, text or id of a recipient
    try_count integer NOT NULL DEFAULT 1,
    tried_at timestamptz NOT NULL DEFAULT clock(),
    told_at timestamptz, -- NULL: under way, or it failed
    failure text, -- how the last try failed: a word, since an error may hold a secret address
    PRIMARY KEY (news_key, place)
);
CREATE INDEX told_not_yet ON told (tried_at) WHERE told_at IS NULL;
