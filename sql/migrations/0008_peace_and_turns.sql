-- What keeps people in peace and campaigns in turn: cool-offs and caps, people who are waited for, weights among the
-- campaigns of an account, the lane for audio and video, and a pace that gives way before the platform asks for it.

ALTER TYPE reason ADD VALUE 'cap_reached' AFTER 'not_after_passed';

-- A person is left in peace for good (opted out) or for a while (the platform said it cannot reach them).
CREATE TYPE suppression_kind AS ENUM ('opted_out', 'unavailable');
ALTER TABLE suppression
ADD COLUMN kind suppression_kind NOT NULL DEFAULT 'opted_out',
ADD COLUMN until timestamptz, -- NULL: for good
ADD CHECK ((kind = 'opted_out') = (until IS NULL));

-- Whoever asks whether a person may be written to reads this: a cool-off that is over holds nobody back.
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

-- At most so many campaign messages per person in so many hours, over all campaigns of the account.
ALTER TABLE account
ADD COLUMN cap_messages integer CHECK (cap_messages > 0),
ADD COLUMN cap_hours numeric CHECK (cap_hours > 0 AND cap_hours <= 720),
ADD CHECK ((cap_messages IS NULL) = (cap_hours IS NULL));
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

ALTER TABLE campaign
ADD COLUMN hold_until timestamptz, -- people without an open window are waited for until then
ADD COLUMN weight numeric NOT NULL DEFAULT 1 CHECK (weight >= 0 AND weight <= 100);

-- When a person who was waited for wrote, and the message became ready after all.
ALTER TABLE message_list ADD COLUMN recovered_at timestamptz;
CREATE INDEX message_list_held ON message_list (account_id, user_id)
WHERE state = 'ineligible' AND reason IN ('window_closed', 'never_interacted', 'person_unavailable');

-- The last claim of each campaign that keeps a pace: by these rows the campaigns of an account take turns.
CREATE UNLOGGED TABLE campaign_turn (
    campaign_id uuid PRIMARY KEY REFERENCES campaign ON DELETE CASCADE,
    account_id bigint NOT NULL,
    deadline timestamptz NOT NULL, -- when the first of its last claim could no longer be sent to
    taken_at timestamptz NOT NULL,
    taken_seconds float8 NOT NULL -- of the account's pace
) WITH (fillfactor = 50);
CREATE INDEX campaign_turn_of_account ON campaign_turn (account_id);

ALTER TABLE pace
ADD COLUMN media_next_slot_at timestamptz NOT NULL DEFAULT 'epoch', -- the lane of audio and video
ADD COLUMN usage_percent real, -- of the platform's limits, as its newest answer reported it
ADD COLUMN slowed_until timestamptz NOT NULL DEFAULT 'epoch',
ADD COLUMN slowed_by numeric NOT NULL DEFAULT 1 CHECK (slowed_by >= 1);
-- As before: a next slot further ahead than this was not booked by the pace, not even by a slowed one.
ALTER TABLE pace DROP COLUMN most_ahead;
ALTER TABLE pace ADD COLUMN most_ahead interval GENERATED ALWAYS AS (
    greatest(interval '10 s', coalesce(2 * slowed_by / per_second, 0)::float8 * interval '1 s')
) STORED;

-- The pace that holds now: slowed down while the platform's limits are near. NULL: none is kept.
CREATE FUNCTION pace_now(of_account bigint) RETURNS numeric LANGUAGE sql VOLATILE AS $$
    SELECT per_second / CASE WHEN slowed_until > clock() THEN slowed_by ELSE 1 END
    FROM pace
    WHERE account_id = of_account
$$;

-- For how many seconds a campaign gives way to others of its account before its next claim; 0: it is its turn.
-- The campaign whose first person's window closes soonest goes first. It cannot take all: half of the pace belongs to
-- the campaigns that are being sent, in shares by their weights, so that none is starved. A campaign counts as being
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

-- As before, and a message that becomes ready after having been ineligible is one that was recovered.
CREATE OR REPLACE FUNCTION move_messages(changes message_change[]) RETURNS SETOF bigint LANGUAGE sql VOLATILE AS $$
    UPDATE message_list AS m
    SET
        state = c.to_state,
        reason = c.reason,
        state_since = clock(),
        attempt_id = coalesce(c.attempt_id, m.attempt_id),
        sent_at = CASE
            WHEN c.to_state IN ('sent', 'delivered', 'read') THEN coalesce(m.sent_at, c.happened_at) ELSE m.sent_at
        END,
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
    RETURNING m.message_id
$$;

CREATE OR REPLACE VIEW message_list_report AS
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
    m.message_id,
    m.recovered_at
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
INNER JOIN account AS a ON m.account_id = a.account_id;
