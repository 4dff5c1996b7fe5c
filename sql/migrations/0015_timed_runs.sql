-- The run that sends a timed campaign on a Prefect server, and wishes to send that come again and again.

-- The campaign's row is the authority: a run that is not the one named here, or comes at another time, sends nothing.
ALTER TABLE campaign
-- Part of the key by which a server knows the run. A server gives a key's run back even when that was cancelled, so a
-- new time, or a run that somebody has deleted, needs a new number.
ADD COLUMN schedule_revision integer NOT NULL DEFAULT 1 CHECK (schedule_revision > 0),
ADD COLUMN scheduled_run_id uuid; -- NULL: no run was made yet
CREATE INDEX campaign_timed ON campaign (scheduled_at) WHERE state = 'scheduled';

-- A list that is submitted anew at every time that a cron expression names. Rows are kept when they are stopped.
CREATE TABLE recurring (
    recurring_id uuid PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    cron text NOT NULL,
    time_zone text NOT NULL, -- the zone that the expression is meant in
    words jsonb NOT NULL, -- what to submit: parameters of the flow submit-campaign. No secrets: an address has no query
    created_at timestamptz NOT NULL DEFAULT clock(),
    stopped_at timestamptz,
    -- Every occurrence up to here has its run, or was told as missed.
    made_until timestamptz NOT NULL DEFAULT clock()
);
