-- Reports: the eligibility of each night, runs of the maintenance, notifications, and the views that analysts read.

-- How many people each account could reach, once for each night. Wide, so that it is read without a pivot; `details`
-- holds all of that night's report, so that it can be shown again as it was.
CREATE TABLE eligibility_snapshot (
    account_id bigint NOT NULL REFERENCES account,
    night date NOT NULL, -- the day in the team's zone on which it was measured
    time_zone text NOT NULL,
    measured_at timestamptz NOT NULL,
    known bigint NOT NULL, -- people who ever opened a window: each of them is open, closed, opted out or cooling off
    open_now bigint NOT NULL,
    closing_1h bigint NOT NULL, -- of the open people: the last moment to send to them is within the hour
    closing_3h bigint NOT NULL,
    closing_6h bigint NOT NULL,
    closing_12h bigint NOT NULL,
    closing_24h bigint NOT NULL,
    open_at_cap bigint NOT NULL, -- of the open people: the account's cap holds them back at this moment
    closed bigint NOT NULL,
    opted_out bigint NOT NULL,
    cooling_off bigint NOT NULL,
    newly_open bigint NOT NULL, -- open now and not at `compared_with`
    lost bigint NOT NULL, -- open at `compared_with` and not now
    compared_with timestamptz NOT NULL, -- the night before, where it was measured; else 24 hours earlier
    newest_interaction_at timestamptz,
    details jsonb NOT NULL,
    PRIMARY KEY (account_id, night),
    CHECK (known = open_now + closed + opted_out + cooling_off)
);

-- How many people had a window at each full hour, by the evidence: the pattern of a usual week. Stored, so that a night
-- reads a day or two of evidence and not four weeks of it, and so that it outlives partitions that are dropped.
CREATE TABLE eligibility_hour (
    account_id bigint NOT NULL REFERENCES account,
    at timestamptz NOT NULL CHECK (at = date_trunc('hour', at, 'UTC')),
    reachable bigint NOT NULL, -- people who had opened a window in the 24 hours up to then
    openers bigint NOT NULL, -- interactions that open a window, in the hour up to then
    PRIMARY KEY (account_id, at)
);

-- What each run of the maintenance created, moved and deleted: the report that a person reads, and the proof that it
-- runs.
CREATE TABLE maintenance_run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT clock(),
    report jsonb NOT NULL
);

-- One row for each notification and channel: the process that adds the row delivers it, so that two sweeps deliver it
-- once. The type has its twin in domain/.
CREATE TYPE news_kind AS ENUM (
    'finished', 'paused', 'refused', 'late', 'awaiting_approval', 'account_paused', 'windows_at_risk', 'report_ready',
    'finding'
);
CREATE TABLE told (
    news_key text NOT NULL, -- the event with its object and time: the same event has the same key in every process
    place text NOT NULL, -- the notification block
    kind news_kind NOT NULL,
    subject text NOT NULL,
    body text NOT NULL, -- as it is delivered: sentences, without a name, text or id of a recipient
    try_count integer NOT NULL DEFAULT 1,
    tried_at timestamptz NOT NULL DEFAULT clock(),
    told_at timestamptz, -- NULL: under way, or it failed
    failure text, -- how the last try failed: a word, since an error may hold a secret address
    PRIMARY KEY (news_key, place)
);
CREATE INDEX told_not_yet ON told (tried_at) WHERE told_at IS NULL;

-- From here on views: COMMENT describes their columns, and docs/views.md has the same sentences.

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

COMMENT ON VIEW message_list_report IS 'One line for each row of each submitted list.';
COMMENT ON COLUMN message_list_report.campaign IS 'Name of the campaign.';
COMMENT ON COLUMN message_list_report.account IS 'Name of the sending account.';
COMMENT ON COLUMN message_list_report.row_number IS 'The row as the spreadsheet numbers it.';
COMMENT ON COLUMN message_list_report.user_id IS 'The id as it stood in the file.';
COMMENT ON COLUMN message_list_report.state IS 'Where the message stands: one of the twelve states.';
COMMENT ON COLUMN message_list_report.reason IS 'Why it stands there; empty where there is nothing to say.';
COMMENT ON COLUMN message_list_report.window_closes_at IS
'When the person''s window ends, less the safety margin, as far as is known.';
COMMENT ON COLUMN message_list_report.sent_at IS 'When the platform''s acceptance reached us, on our clock.';
COMMENT ON COLUMN message_list_report.delivered_at IS 'When it was delivered, on the platform''s clock.';
COMMENT ON COLUMN message_list_report.read_at IS 'When it was read, on the platform''s clock.';
COMMENT ON COLUMN message_list_report.provider_message_id IS 'The platform''s id of the message.';
COMMENT ON COLUMN message_list_report.provider_code IS 'The platform''s error code, where it refused.';
COMMENT ON COLUMN message_list_report.provider_subcode IS 'The platform''s finer error code.';
COMMENT ON COLUMN message_list_report.campaign_id IS 'The campaign.';
COMMENT ON COLUMN message_list_report.message_id IS 'The message.';
COMMENT ON COLUMN message_list_report.recovered_at IS 'When the person, who had been waited for, wrote.';
COMMENT ON COLUMN message_list_report.sent_by IS 'By which right it was sent: window or private reply.';

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
    m.row_count,
    m.sent_count,
    m.delivered_count,
    m.read_count,
    m.failed_count,
    m.unknown_count,
    m.good_count,
    m.eligible_count,
    m.expired_count,
    m.cancelled_count,
    m.open_count,
    m.recovered_count,
    c.lost_by_delay AS lost_by_delay_count,
    round(m.sent_count::numeric / nullif(m.eligible_count, 0), 4) AS sent_rate,
    round(m.delivered_count::numeric / nullif(m.sent_count, 0), 4) AS delivered_rate,
    round(m.read_count::numeric / nullif(m.sent_count, 0), 4) AS read_rate,
    m.median_seconds_to_delivery,
    m.median_seconds_to_read,
    m.median_seconds_to_delivery_ours,
    m.median_seconds_to_read_ours
FROM campaign AS c
INNER JOIN account AS a ON c.account_id = a.account_id
INNER JOIN template AS t ON c.template_id = t.template_id
-- One campaign at a time, by the index of its rows: whoever asks for one reads no other.
CROSS JOIN LATERAL (
    SELECT
        count(*) AS row_count,
        count(*) FILTER (WHERE x.state NOT IN ('invalid', 'duplicate')) AS good_count,
        count(*) FILTER (WHERE x.state NOT IN ('invalid', 'duplicate', 'ineligible', 'cancelled')) AS eligible_count,
        count(*) FILTER (WHERE x.state IN ('sent', 'delivered', 'read')) AS sent_count,
        count(*) FILTER (WHERE x.state IN ('delivered', 'read')) AS delivered_count,
        count(*) FILTER (WHERE x.state = 'read') AS read_count,
        count(*) FILTER (WHERE x.state = 'failed') AS failed_count,
        count(*) FILTER (WHERE x.state = 'unknown') AS unknown_count,
        count(*) FILTER (WHERE x.state = 'expired') AS expired_count,
        count(*) FILTER (WHERE x.state = 'cancelled') AS cancelled_count,
        count(*) FILTER (WHERE x.state IN ('ready', 'sending')) AS open_count,
        count(x.recovered_at) AS recovered_count,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(EPOCH FROM x.delivered_at - x.platform_sent_at)::float8
        ) AS median_seconds_to_delivery,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(EPOCH FROM x.read_at - x.platform_sent_at)::float8
        ) AS median_seconds_to_read,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(EPOCH FROM x.delivered_at - x.sent_at)::float8
        ) AS median_seconds_to_delivery_ours,
        percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(EPOCH FROM x.read_at - x.sent_at)::float8
        ) AS median_seconds_to_read_ours
    FROM message_list AS x
    WHERE x.campaign_id = c.campaign_id
) AS m;

COMMENT ON VIEW campaign_summary IS 'One line for each campaign: its funnel, its rates, its medians.';
COMMENT ON COLUMN campaign_summary.campaign_id IS 'The campaign.';
COMMENT ON COLUMN campaign_summary.name IS 'Name of the campaign.';
COMMENT ON COLUMN campaign_summary.account IS 'Name of the sending account.';
COMMENT ON COLUMN campaign_summary.template IS 'Code of the template.';
COMMENT ON COLUMN campaign_summary.language IS 'Language of the template.';
COMMENT ON COLUMN campaign_summary.template_version IS 'Version of the template.';
COMMENT ON COLUMN campaign_summary.state IS 'Where the campaign stands.';
COMMENT ON COLUMN campaign_summary.created_at IS 'When it was submitted.';
COMMENT ON COLUMN campaign_summary.scheduled_at IS 'When it was to start; empty: at once.';
COMMENT ON COLUMN campaign_summary.started_at IS 'When it first started to send.';
COMMENT ON COLUMN campaign_summary.ended_at IS 'When it was finished, cancelled or refused.';
COMMENT ON COLUMN campaign_summary.row_count IS 'Non-empty rows of the list.';
COMMENT ON COLUMN campaign_summary.sent_count IS 'Messages that the platform accepted: sent, delivered or read.';
COMMENT ON COLUMN campaign_summary.delivered_count IS 'Of the accepted ones: delivered, read ones included.';
COMMENT ON COLUMN campaign_summary.read_count IS 'Of the delivered ones: read.';
COMMENT ON COLUMN campaign_summary.failed_count IS 'Messages that the platform refused.';
COMMENT ON COLUMN campaign_summary.unknown_count IS 'Messages that were perhaps sent, without proof.';
COMMENT ON COLUMN campaign_summary.good_count IS 'Rows that can be used: neither invalid nor duplicate.';
COMMENT ON COLUMN campaign_summary.eligible_count IS
'Good rows that are neither ineligible nor cancelled; before the start, windows are not judged yet.';
COMMENT ON COLUMN campaign_summary.expired_count IS
'Messages whose window, or the campaign''s latest time, passed before their turn.';
COMMENT ON COLUMN campaign_summary.cancelled_count IS 'Messages that were cancelled before their turn.';
COMMENT ON COLUMN campaign_summary.open_count IS 'Messages that are ready or being sent at this moment.';
COMMENT ON COLUMN campaign_summary.recovered_count IS 'Messages whose people were waited for and wrote in time.';
COMMENT ON COLUMN campaign_summary.lost_by_delay_count IS
'People whose windows closed between the campaign''s time and its late start; empty: it began in time.';
COMMENT ON COLUMN campaign_summary.sent_rate IS 'sent_count / eligible_count, from 0 to 1.';
COMMENT ON COLUMN campaign_summary.delivered_rate IS 'delivered_count / sent_count, from 0 to 1.';
COMMENT ON COLUMN campaign_summary.read_rate IS 'read_count / sent_count, from 0 to 1.';
COMMENT ON COLUMN campaign_summary.median_seconds_to_delivery IS
'Median of delivered_at less the platform''s time of sending: both on the platform''s clock.';
COMMENT ON COLUMN campaign_summary.median_seconds_to_read IS
'Median of read_at less the platform''s time of sending: both on the platform''s clock.';
COMMENT ON COLUMN campaign_summary.median_seconds_to_delivery_ours IS
'Median of delivered_at less sent_at, which is on our clock: it holds the difference of the clocks.';
COMMENT ON COLUMN campaign_summary.median_seconds_to_read_ours IS
'Median of read_at less sent_at, which is on our clock: it holds the difference of the clocks.';

CREATE VIEW failure_breakdown AS
SELECT
    c.campaign_id,
    c.name AS campaign,
    m.state,
    m.reason,
    m.provider_code,
    m.provider_subcode,
    count(*) AS message_count,
    a.name AS account,
    c.created_at,
    max(m.state_since) AS newest_at
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
INNER JOIN account AS a ON c.account_id = a.account_id
WHERE m.reason IS NOT NULL
GROUP BY c.campaign_id, c.name, a.name, m.state, m.reason, m.provider_code, m.provider_subcode;

COMMENT ON VIEW failure_breakdown IS 'How many messages of a campaign have each reason.';
COMMENT ON COLUMN failure_breakdown.campaign_id IS 'The campaign.';
COMMENT ON COLUMN failure_breakdown.campaign IS 'Name of the campaign.';
COMMENT ON COLUMN failure_breakdown.state IS 'State of these messages.';
COMMENT ON COLUMN failure_breakdown.reason IS 'Their reason.';
COMMENT ON COLUMN failure_breakdown.provider_code IS 'The platform''s error code, where it refused.';
COMMENT ON COLUMN failure_breakdown.provider_subcode IS 'The platform''s finer error code.';
COMMENT ON COLUMN failure_breakdown.message_count IS 'How many messages.';
COMMENT ON COLUMN failure_breakdown.account IS 'Name of the sending account.';
COMMENT ON COLUMN failure_breakdown.created_at IS 'When the campaign was submitted.';
COMMENT ON COLUMN failure_breakdown.newest_at IS 'When the newest of them came into this state.';

CREATE VIEW run_history AS
SELECT
    r.run_id,
    r.flow,
    r.flow_run_id,
    r.started_at,
    r.ended_at,
    r.ended_with,
    extract(EPOCH FROM r.ended_at - r.started_at)::float8 AS seconds,
    c.campaign_id,
    c.name AS campaign,
    a.name AS account,
    c.state AS campaign_state,
    c.created_at AS campaign_created_at,
    c.scheduled_at,
    CASE
        WHEN r.flow <> 'submit-campaign' THEN extract(EPOCH FROM r.started_at - c.scheduled_at)::float8
    END AS seconds_after_its_time,
    c.submission_id
FROM campaign_run AS r
INNER JOIN campaign AS c ON r.campaign_id = c.campaign_id
INNER JOIN account AS a ON c.account_id = a.account_id;

COMMENT ON VIEW run_history IS 'One line for each run that sent a campaign or took its list in.';
COMMENT ON COLUMN run_history.run_id IS 'The run, by our own id.';
COMMENT ON COLUMN run_history.flow IS
'submit-campaign for a submit, send-campaign for a run of a Prefect server, campaigns run for a command without one.';
COMMENT ON COLUMN run_history.flow_run_id IS 'Prefect''s id of the flow run; empty for the command.';
COMMENT ON COLUMN run_history.started_at IS 'When the run began.';
COMMENT ON COLUMN run_history.ended_at IS 'When it ended; empty: it is under way, or its process died.';
COMMENT ON COLUMN run_history.ended_with IS
'The campaign''s state at the end of the run, or the code of the error that ended it.';
COMMENT ON COLUMN run_history.seconds IS 'How long it took.';
COMMENT ON COLUMN run_history.campaign_id IS 'The campaign.';
COMMENT ON COLUMN run_history.campaign IS 'Name of the campaign.';
COMMENT ON COLUMN run_history.account IS 'Name of the sending account.';
COMMENT ON COLUMN run_history.campaign_state IS 'Where the campaign stands now.';
COMMENT ON COLUMN run_history.campaign_created_at IS 'When the campaign was submitted.';
COMMENT ON COLUMN run_history.scheduled_at IS 'When the campaign was to start; empty: at once.';
COMMENT ON COLUMN run_history.seconds_after_its_time IS
'How long after the campaign''s time the run began; empty for a submit and for an immediate campaign.';
COMMENT ON COLUMN run_history.submission_id IS 'The wish to send that made the campaign.';

CREATE VIEW send_rate AS
SELECT
    a.name AS account,
    c.campaign_id,
    c.name AS campaign,
    date_trunc('minute', m.sent_at) AS minute,
    count(*) AS sent_count,
    round(count(*) / 60.0, 2) AS per_second,
    p.per_second AS pace
FROM message_list AS m
INNER JOIN campaign AS c ON m.campaign_id = c.campaign_id
INNER JOIN account AS a ON m.account_id = a.account_id
INNER JOIN pace AS p ON m.account_id = p.account_id
WHERE m.sent_at IS NOT NULL
GROUP BY a.name, c.campaign_id, date_trunc('minute', m.sent_at), p.per_second;

COMMENT ON VIEW send_rate IS
'How many messages the platform accepted in each minute; minutes without any have no line.';
COMMENT ON COLUMN send_rate.account IS 'Name of the sending account.';
COMMENT ON COLUMN send_rate.campaign_id IS 'The campaign.';
COMMENT ON COLUMN send_rate.campaign IS 'Name of the campaign.';
COMMENT ON COLUMN send_rate.minute IS 'Beginning of the minute, on our clock.';
COMMENT ON COLUMN send_rate.sent_count IS 'Messages whose acceptance reached us in this minute.';
COMMENT ON COLUMN send_rate.per_second IS 'The same as messages a second.';
COMMENT ON COLUMN send_rate.pace IS 'The account''s pace as it is set now; empty: none is kept.';

CREATE VIEW eligibility_nights AS
-- Every night between an account's first and its last one, so that a gap is seen.
WITH every_night AS (
    SELECT
        account_id,
        generate_series(min(night)::timestamp, max(night)::timestamp, interval '1 day')::date AS night
    FROM eligibility_snapshot
    GROUP BY account_id
)

SELECT
    a.name AS account,
    n.night,
    s.night IS NOT NULL AS is_measured,
    s.time_zone,
    s.measured_at,
    s.known,
    s.open_now,
    s.closing_1h,
    s.closing_3h,
    s.closing_6h,
    s.closing_12h,
    s.closing_24h,
    s.open_at_cap,
    s.closed,
    s.opted_out,
    s.cooling_off,
    s.newly_open,
    s.lost,
    s.compared_with,
    s.newest_interaction_at
FROM account AS a
INNER JOIN every_night AS n ON a.account_id = n.account_id
LEFT JOIN eligibility_snapshot AS s ON a.account_id = s.account_id AND n.night = s.night;

COMMENT ON VIEW eligibility_nights IS
'One line for each account and night from its first report to its last; empty where none was made.';
COMMENT ON COLUMN eligibility_nights.account IS 'Name of the account.';
COMMENT ON COLUMN eligibility_nights.night IS 'The day in the team''s zone.';
COMMENT ON COLUMN eligibility_nights.is_measured IS 'Whether a report was made that night.';
COMMENT ON COLUMN eligibility_nights.time_zone IS 'The team''s zone that night.';
COMMENT ON COLUMN eligibility_nights.measured_at IS 'When the counts were taken.';
COMMENT ON COLUMN eligibility_nights.known IS
'People who ever opened a window: open_now + closed + opted_out + cooling_off.';
COMMENT ON COLUMN eligibility_nights.open_now IS 'People who could be sent to at that moment.';
COMMENT ON COLUMN eligibility_nights.closing_1h IS 'Of these: last turn within 1 hour.';
COMMENT ON COLUMN eligibility_nights.closing_3h IS 'Of these: last turn within 3 hours.';
COMMENT ON COLUMN eligibility_nights.closing_6h IS 'Of these: last turn within 6 hours.';
COMMENT ON COLUMN eligibility_nights.closing_12h IS 'Of these: last turn within 12 hours.';
COMMENT ON COLUMN eligibility_nights.closing_24h IS 'Of these: last turn within 24 hours.';
COMMENT ON COLUMN eligibility_nights.open_at_cap IS
'Of open_now: people whom the account''s cap held back at that moment.';
COMMENT ON COLUMN eligibility_nights.closed IS 'Known people whose window was closed.';
COMMENT ON COLUMN eligibility_nights.opted_out IS 'Known people who had asked for no more messages.';
COMMENT ON COLUMN eligibility_nights.cooling_off IS 'Known people whom the platform could not reach lately.';
COMMENT ON COLUMN eligibility_nights.newly_open IS 'People who were open then and not at compared_with.';
COMMENT ON COLUMN eligibility_nights.lost IS 'People who were open at compared_with and not then.';
COMMENT ON COLUMN eligibility_nights.compared_with IS
'The report of the night before; where there was none, 24 hours earlier.';
COMMENT ON COLUMN eligibility_nights.newest_interaction_at IS 'The newest interaction that opened a window.';
