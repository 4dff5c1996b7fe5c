-- Interactions: the evidence of what people did, its partitions, each person's newest opener, and where it comes from.

CREATE TYPE interaction_kind AS ENUM (
    'message', 'postback', 'ad_message', 'm_me', 'ig_me', 'reaction', 'comment', 'visitor_post', 'plugin'
);

-- The evidence. Partitioned by day of the event; days without a partition of their own live in the default one. Without
-- a foreign key to `account`: dropping a table that refers to accounts locks accounts against everybody, every claim
-- reads its account, and so a dropped day would hold senders up. Accounts are never deleted.
CREATE TABLE interaction (
    account_id bigint NOT NULL,
    user_id text NOT NULL,
    kind interaction_kind NOT NULL,
    occurred_at timestamptz NOT NULL, -- the event's own time, never its arrival
    event_id text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (account_id, event_id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE interaction_default PARTITION OF interaction DEFAULT;
-- An event whose time was ahead of the clock when it came opens no window, ever: also not when it comes again.
CREATE INDEX interaction_ahead ON interaction (account_id, event_id, occurred_at)
WHERE occurred_at - stored_at > interval '60 s';
-- The events of an account, newest first.
CREATE INDEX interaction_of_account ON interaction (account_id, occurred_at);

-- The rows of a detached default partition wait here for their move into the partitions of their days. Empty but for
-- the time of such a move.
CREATE TABLE interaction_aside (LIKE interaction INCLUDING DEFAULTS);

-- Gives a day of interactions a partition of its own, unless it has one. Days are those of UTC. Created apart and then
-- attached, for which readers and writers of the other partitions do not wait; returns whether it was created.
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

-- Replaces the default partition by an empty one, and creates partitions for these days. The rows of the old one wait
-- in interaction_aside. All of it is a change of names: how many rows there are does not matter.
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

-- Drops the partition of a day with its rows. People's newest openers are stored apart from it and stay.
CREATE FUNCTION drop_interaction_day(of_day date) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    EXECUTE format('DROP TABLE windowcast.%I', 'interaction_' || to_char(of_day, 'YYYYMMDD'));
END
$$;

-- How many rows the default partition has, counted up to `most`. A function with the owner's rights, since the
-- partition is a new table each time that the old one was detached, and nobody has any right on a new table.
CREATE FUNCTION count_default_interactions(most bigint) RETURNS bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = windowcast, pg_temp AS $$
    SELECT count(*)
    FROM (
        SELECT i.event_id
        FROM interaction_default AS i
        ORDER BY i.account_id, i.event_id, i.occurred_at
        LIMIT most
    ) AS x
$$;

-- The days that have a partition of their own.
CREATE VIEW interaction_day AS
SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
FROM pg_inherits AS i
INNER JOIN pg_class AS c ON i.inhrelid = c.oid
WHERE i.inhparent = 'windowcast.interaction'::regclass AND c.relname ~ '^interaction_[0-9]{8}$';

-- Each person's newest opener. Raised in sets by the step that stores interactions, only ever forward.
CREATE TABLE last_interaction (
    account_id bigint NOT NULL REFERENCES account,
    user_id text NOT NULL,
    opener_at timestamptz NOT NULL,
    opener_kind interaction_kind NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, user_id)
);

-- The end of the standard messaging window that an opener opens (Meta, Messaging window). Postgres inlines it.
CREATE FUNCTION window_end(opener_at timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT opener_at + interval '24 h'
$$;

-- History: how far the backfill of an account's conversations has come, and which of them are still to be read. All of
-- its state is in these two tables, so that a killed one continues where it was and several may work together.
CREATE TABLE backfill (
    account_id bigint PRIMARY KEY REFERENCES account,
    begun_at timestamptz NOT NULL DEFAULT clock(),
    -- When the list was last read. Later events of people cannot have come from a conversation.
    listed_at timestamptz NOT NULL DEFAULT clock(),
    -- Of the conversations whose last message is from between these two, each was listed. NULL: none was yet.
    top_at timestamptz,
    bottom_at timestamptz,
    next_cursor text, -- where the list continues below the bottom
    is_whole boolean NOT NULL DEFAULT FALSE -- the list's end was reached
);

-- Listed conversations whose person's newest message has not been seen yet.
CREATE TABLE backfill_conversation (
    account_id bigint NOT NULL REFERENCES backfill ON DELETE CASCADE,
    conversation_id text NOT NULL,
    updated_at timestamptz, -- the newest come first
    next_cursor text, -- NULL: none of its messages was seen
    page_count integer NOT NULL DEFAULT 0,
    try_count integer NOT NULL DEFAULT 0, -- requests since the last answer
    free_at timestamptz NOT NULL DEFAULT clock(), -- until then a process works on it, or the next try waits
    PRIMARY KEY (account_id, conversation_id)
);

-- A team's own table of interactions, where the settings name one: when it was last read, by whichever process.
CREATE TABLE mapped_read (
    is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    read_at timestamptz NOT NULL DEFAULT clock()
);

-- Rows of it that were ahead of the clock when they were read. They open no window, also not when their time has come.
CREATE TABLE mapped_ahead (
    account text NOT NULL, -- its name there
    user_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (account, user_id, occurred_at)
);
