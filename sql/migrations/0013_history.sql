-- History: how far the walk through the conversations of an account has come, and which of them are still to be read.
-- All that a walk knows is here, so that a killed one goes on where it was and several may walk together.

CREATE TABLE backfill (
    account_id bigint PRIMARY KEY REFERENCES account,
    begun_at timestamptz NOT NULL DEFAULT clock(),
    -- When the list was last read. What people did later cannot have come from a conversation.
    listed_at timestamptz NOT NULL DEFAULT clock(),
    -- Of the conversations whose last message is from between these two, each was listed. NULL: none was yet.
    top_at timestamptz,
    bottom_at timestamptz,
    next_cursor text, -- where the list goes on below the bottom
    is_whole boolean NOT NULL DEFAULT FALSE -- the list's end was reached
);

-- Conversations that were listed and of which the person's newest message has not been seen yet.
CREATE TABLE backfill_conversation (
    account_id bigint NOT NULL REFERENCES backfill ON DELETE CASCADE,
    conversation_id text NOT NULL,
    updated_at timestamptz, -- the newest come first
    next_cursor text, -- NULL: none of its messages was seen
    page_count integer NOT NULL DEFAULT 0,
    try_count integer NOT NULL DEFAULT 0, -- times that it was asked for since there was an answer
    free_at timestamptz NOT NULL DEFAULT clock(), -- a process is at it until then, or it is to be tried again then
    PRIMARY KEY (account_id, conversation_id)
);

-- A team's own table of interactions, where one is named by the settings: when it was last read, by whichever process.
CREATE TABLE mapped_read (
    is_only boolean PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    read_at timestamptz NOT NULL DEFAULT clock()
);

-- Rows of it that were ahead of the clock when they were read. They open no window, also not when their time has come.
CREATE TABLE mapped_ahead (
    account text NOT NULL, -- as it is called there
    user_id text NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (account, user_id, occurred_at)
);
