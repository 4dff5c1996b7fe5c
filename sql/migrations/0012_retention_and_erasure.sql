-- How long what is known of people is kept, and what stays of a person whose data was erased.

ALTER TYPE reason ADD VALUE 'erased' BEFORE 'never_interacted';
ALTER TYPE suppression_kind ADD VALUE 'erased';

-- Said by the cool-off, which alone has an end: a value that was added a moment ago cannot be named here.
ALTER TABLE suppression DROP CONSTRAINT suppression_check;
ALTER TABLE suppression ADD CONSTRAINT suppression_until_check CHECK ((kind = 'unavailable') = (until IS NOT NULL));

-- When the values of the rows were deleted; the states stay. Nothing of such a campaign can be sent again.
ALTER TABLE campaign ADD COLUMN texts_deleted_at timestamptz;

-- Why the bytes of a file that was kept are gone. Has its twin in domain/retention.py.
CREATE TYPE file_loss AS ENUM ('retention', 'erasure');
ALTER TABLE upload ADD COLUMN file_loss file_loss; -- NULL: they are kept, or never were

-- One row for each person of an account whose data was erased. The tombstone stands wherever the id stood, so that
-- one message per person and opt-outs hold on; it is a keyed hash, from which nobody without the key finds the id.
CREATE TABLE erased_person (
    account_id bigint NOT NULL REFERENCES account,
    tombstone text NOT NULL CHECK (tombstone ~ '^erased:[0-9a-f]{64}$'),
    key_print text NOT NULL, -- tells whether a key is the one that made the tombstone, without telling the key
    erased_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, tombstone)
);

-- What people ask of the platform and the platform passes on. The id is the app's own, which need not be the one that
-- messages are sent to. Has its twin in domain/erasure.py.
CREATE TYPE deletion_state AS ENUM ('waiting', 'done', 'unmatched');
CREATE TABLE deletion_request (
    code text PRIMARY KEY, -- what the person is given to ask by: says nothing of them, and cannot be guessed
    app_user_id text, -- NULL as soon as the request is handled
    state deletion_state NOT NULL DEFAULT 'waiting',
    requested_at timestamptz NOT NULL DEFAULT clock(),
    handled_at timestamptz,
    CHECK ((state = 'waiting') = (app_user_id IS NOT NULL)),
    CHECK ((state = 'waiting') = (handled_at IS NULL))
);
CREATE INDEX deletion_request_waiting ON deletion_request (requested_at) WHERE state = 'waiting';

-- What each run of the maintenance made, moved and deleted: the report that a person reads, and how we know that it
-- runs.
CREATE TABLE maintenance_run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock(),
    report jsonb NOT NULL
);

-- Whoever drops a table that refers to accounts locks accounts against everybody, and every claim reads its account:
-- days of interactions would hold senders up when they go. Accounts are never deleted.
ALTER TABLE interaction DROP CONSTRAINT interaction_account_id_fkey;

-- Where the rows of a default partition that was set aside wait to be moved into the partitions of their days. Empty
-- but for the time of such a move.
CREATE TABLE interaction_aside (LIKE interaction INCLUDING DEFAULTS);

-- What is old enough to go is found without a pass over all of it; rows come in the order of time, so this is a few
-- pages that cost an insertion next to nothing.
CREATE INDEX mid_receipt_age ON mid_receipt USING brin (first_seen_at);
CREATE INDEX watermark_age ON watermark USING brin (told_at);

-- Gives a day of interactions a partition of its own, unless it has one. Days are those of UTC. Made apart and then
-- attached, for which readers and writers of the other partitions do not wait; returns whether it was made.
CREATE FUNCTION make_interaction_day(of_day date) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    partition_name text := 'interaction_' || to_char(of_day, 'YYYYMMDD');
BEGIN
    IF to_regclass(format('windowcast.%I', partition_name)) IS NOT NULL THEN
        RETURN FALSE;
    END IF;
    EXECUTE format('CREATE TABLE windowcast.%I (LIKE windowcast.interaction INCLUDING DEFAULTS)', partition_name);
    EXECUTE format(
        'ALTER TABLE windowcast.interaction ATTACH PARTITION windowcast.%I FOR VALUES FROM (%L) TO (%L)',
        partition_name,
        of_day::text || ' 00:00:00+00',
        (of_day + 1)::text || ' 00:00:00+00'
    );
    RETURN TRUE;
END
$$;

-- Puts an empty default partition in the place of the one that is there, and makes partitions for these days. The rows
-- of the old one wait in interaction_aside. All of it is a change of names: how many rows there are does not matter.
CREATE FUNCTION set_default_interactions_aside(days date[]) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    of_day date;
    made integer := 0;
BEGIN
    DROP TABLE windowcast.interaction_aside;
    ALTER TABLE windowcast.interaction DETACH PARTITION windowcast.interaction_default;
    ALTER TABLE windowcast.interaction_default RENAME TO interaction_aside;
    CREATE TABLE windowcast.interaction_default PARTITION OF windowcast.interaction DEFAULT;
    FOREACH of_day IN ARRAY days LOOP
        made := made + windowcast.make_interaction_day(of_day)::integer;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the partition of a day with its rows. People's newest openers are kept apart from it and stay.
CREATE FUNCTION drop_interaction_day(of_day date) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    EXECUTE format('DROP TABLE windowcast.%I', 'interaction_' || to_char(of_day, 'YYYYMMDD'));
END
$$;

-- The partitions that days of interactions have.
CREATE VIEW interaction_day AS
SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
FROM pg_inherits AS i
INNER JOIN pg_class AS c ON i.inhrelid = c.oid
WHERE i.inhparent = 'windowcast.interaction'::regclass AND c.relname ~ '^interaction_[0-9]{8}$';
