-- Accounts and templates. The runner has created the schema `windowcast` and has set the search path to it. 0001 to
-- 0008 are one initial schema, split by subject; a later change is a migration of its own.

-- The one clock. Tests and simulations replace its body; senders then POST to loopback addresses only.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';

-- Each enum type has a Python twin in domain/, which explains every value; a test compares them.
CREATE TYPE channel AS ENUM ('messenger', 'instagram');
CREATE TYPE provider AS ENUM ('graph', 'chatapp');

CREATE TABLE account (
    account_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name <> ''),
    channel channel NOT NULL,
    external_id text NOT NULL CHECK (external_id ~ '^[0-9]{1,32}$'),
    provider provider NOT NULL,
    page_id text CHECK (page_id ~ '^[0-9]{1,32}$'),
    credential text NOT NULL, -- the name of the environment variable that holds the token, never the token
    -- At most this number of campaign messages per person in this number of hours, over all campaigns of the account.
    cap_messages integer CHECK (cap_messages > 0),
    cap_hours numeric CHECK (cap_hours > 0 AND cap_hours <= 720),
    paused_at timestamptz,
    pause_reason text,
    created_at timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (channel, external_id),
    CHECK ((cap_messages IS NULL) = (cap_hours IS NULL))
);

-- One row per account, shared by all its workers: the time of the next free slot, and how long all must wait.
CREATE TABLE pace (
    account_id bigint PRIMARY KEY REFERENCES account,
    per_second numeric CHECK (per_second > 0), -- NULL: the account has no pace
    slowed_by numeric NOT NULL DEFAULT 1 CHECK (slowed_by >= 1), -- until `slowed_until`
    slowed_until timestamptz NOT NULL DEFAULT 'epoch',
    -- The pace, not even a slowed one, never books a slot further ahead than this: a next slot that is further ahead
    -- means that the server's clock was set back since.
    most_ahead interval GENERATED ALWAYS AS (
        greatest(interval '10 s', coalesce(2 * slowed_by / per_second, 0)::float8 * interval '1 s')
    ) STORED,
    next_slot_at timestamptz NOT NULL DEFAULT 'epoch',
    media_next_slot_at timestamptz NOT NULL DEFAULT 'epoch', -- the lane of audio and video
    reply_next_slot_at timestamptz NOT NULL DEFAULT 'epoch', -- the lane of private replies
    not_before timestamptz NOT NULL DEFAULT 'epoch',
    away_count integer NOT NULL DEFAULT 0, -- times in a row that the platform did not answer or asked to wait
    usage_percent real -- of the platform's limits, as its newest answer reported it
);

-- The present pace: slowed down while the platform's limits are near. NULL: the account has none.
CREATE FUNCTION pace_now(of_account bigint) RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT per_second / CASE WHEN slowed_until > clock() THEN slowed_by ELSE 1 END
    FROM pace
    WHERE account_id = of_account
$$;

-- What the platform did to an account by its policies; the newest row is the account's note.
CREATE TYPE policy_action AS ENUM ('warning', 'block', 'unblock');
CREATE TABLE policy_event (
    account_id bigint NOT NULL REFERENCES account,
    told_at timestamptz NOT NULL,
    action policy_action NOT NULL,
    reason text NOT NULL DEFAULT '', -- the platform's words
    PRIMARY KEY (account_id, told_at, action)
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
    rules jsonb NOT NULL DEFAULT '{}', -- variable to its rules, as in the template's file
    created_at timestamptz NOT NULL DEFAULT clock(),
    UNIQUE (code, language, version)
);
