-- Private replies: a comment or a visitor's post allows one message to a person without an open window, within 7 days
-- (Meta, Private replies). Each is used at most once, over all campaigns: the attempt takes it in the statement that
-- commits the attempt, and a unique index guards it.

ALTER TYPE reason ADD VALUE 'comment_invalid' AFTER 'cap_reached';

ALTER TABLE campaign ADD COLUMN private_replies boolean NOT NULL DEFAULT FALSE; -- it may use comments and posts

-- Until when a private reply may be sent, less the safety margin; NULL: there is none, or the campaign uses none.
-- `closes_at` is the end of the window while one is open, and this afterwards.
ALTER TABLE message_list ADD COLUMN reply_until timestamptz;
CREATE INDEX message_list_reply ON message_list (campaign_id, reply_until, message_id)
WHERE state = 'ready' AND reply_until IS NOT NULL;

-- The comment or post that the attempt answers; NULL: the person's window justified it. `opener_at` is its time then.
ALTER TABLE attempt ADD COLUMN entitlement_id text;
-- Free again only when the attempt certainly did not reach the platform; what is unknown or refused keeps it.
CREATE UNIQUE INDEX attempt_private_reply ON attempt (account_id, entitlement_id)
WHERE entitlement_id IS NOT NULL AND coalesce(outcome NOT IN ('not_sent', 'absent'), TRUE);

ALTER TABLE pace ADD COLUMN reply_next_slot_at timestamptz NOT NULL DEFAULT 'epoch'; -- the lane of private replies

-- The comments and posts that nobody has answered, that the person has not taken back and the account does not hide,
-- until when each is good. Whoever asks which private replies are allowed reads this.
CREATE VIEW open_entitlement AS
SELECT
    e.account_id,
    e.user_id,
    e.object_id,
    e.kind,
    e.given_at,
    e.given_at + interval '7 days' AS until
FROM entitlement AS e
WHERE
    e.removed_at IS NULL
    AND (e.hidden_at IS NULL OR e.shown_at >= e.hidden_at)
    AND e.given_at > clock() - interval '7 days'
    AND e.given_at <= clock() + interval '60 s'
    AND NOT EXISTS (
        SELECT 1 FROM attempt AS x
        WHERE
            x.account_id = e.account_id
            AND x.entitlement_id = e.object_id
            AND coalesce(x.outcome NOT IN ('not_sent', 'absent'), TRUE)
    );

-- Until when each person can be sent a private reply: by the last of the comments that can be answered.
CREATE VIEW reply_right AS
SELECT
    account_id,
    user_id,
    max(until) AS until
FROM open_entitlement
GROUP BY account_id, user_id;

-- As before, and by which right each message was sent.
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
    m.recovered_at,
    CASE
        WHEN x.attempt_id IS NULL THEN NULL
        WHEN x.entitlement_id IS NULL THEN 'window'
        ELSE 'private reply'
    END AS sent_by
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
INNER JOIN account AS a ON m.account_id = a.account_id
LEFT JOIN attempt AS x ON m.attempt_id = x.attempt_id;

-- Whose message id it is, as the platform's answers told it: the first attempt that was given it. Two processes that
-- are told one id in the same instant meet at this key. Hashed, since ids may be long; filled from the answers alone,
-- so that an echo that lies stops nothing.
CREATE TABLE told_message_id (
    account_id bigint NOT NULL REFERENCES account,
    message_id_sha256 bytea NOT NULL,
    attempt_id uuid NOT NULL,
    told_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (account_id, message_id_sha256)
);
