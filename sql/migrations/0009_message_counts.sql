-- How many messages of each campaign are in each state for each reason, so that nobody counts a million rows to show
-- ten numbers. A count is the sum of its rows: each connection adds to rows of its own, and so no two wait for each
-- other. Written by the triggers below alone, whoever writes the message list.
--
-- No foreign key: it would lock the campaign's row in each claim, and a claim waits for no start and no end.
CREATE TABLE message_count (
    campaign_id uuid NOT NULL,
    state message_state NOT NULL,
    reason reason,
    backend integer NOT NULL, -- the server process that counted
    message_count bigint NOT NULL,
    UNIQUE NULLS NOT DISTINCT (campaign_id, state, reason, backend)
) WITH (fillfactor = 50);

CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = windowcast, pg_temp AS $$
BEGIN
    CASE tg_op
        WHEN 'INSERT' THEN
            INSERT INTO message_count AS c (campaign_id, state, reason, backend, message_count)
            SELECT n.campaign_id, n.state, n.reason, pg_backend_pid(), count(*)
            FROM new_message AS n
            GROUP BY n.campaign_id, n.state, n.reason
            ON CONFLICT (campaign_id, state, reason, backend)
            DO UPDATE SET message_count = c.message_count + excluded.message_count;
        WHEN 'UPDATE' THEN
            INSERT INTO message_count AS c (campaign_id, state, reason, backend, message_count)
            SELECT x.campaign_id, x.state, x.reason, pg_backend_pid(), sum(x.change)
            FROM (
                SELECT n.campaign_id, n.state, n.reason, 1 AS change FROM new_message AS n
                UNION ALL
                SELECT o.campaign_id, o.state, o.reason, -1 FROM old_message AS o
            ) AS x
            GROUP BY x.campaign_id, x.state, x.reason
            HAVING sum(x.change) <> 0
            ON CONFLICT (campaign_id, state, reason, backend)
            DO UPDATE SET message_count = c.message_count + excluded.message_count;
        ELSE
            INSERT INTO message_count AS c (campaign_id, state, reason, backend, message_count)
            SELECT o.campaign_id, o.state, o.reason, pg_backend_pid(), -count(*)
            FROM old_message AS o
            GROUP BY o.campaign_id, o.state, o.reason
            ON CONFLICT (campaign_id, state, reason, backend)
            DO UPDATE SET message_count = c.message_count + excluded.message_count;
    END CASE;
    RETURN NULL;
END
$$;

INSERT INTO message_count (campaign_id, state, reason, backend, message_count)
SELECT
    campaign_id,
    state,
    reason,
    0,
    count(*)
FROM message_list
GROUP BY campaign_id, state, reason;

CREATE TRIGGER message_list_added AFTER INSERT ON message_list
REFERENCING NEW TABLE AS new_message FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
CREATE TRIGGER message_list_changed AFTER UPDATE ON message_list
REFERENCING OLD TABLE AS old_message NEW TABLE AS new_message FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
CREATE TRIGGER message_list_deleted AFTER DELETE ON message_list
REFERENCING OLD TABLE AS old_message FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

-- People who wrote while they were waited for; expired messages are in the counts above.
CREATE INDEX message_list_recovered ON message_list (campaign_id) WHERE recovered_at IS NOT NULL;
DROP INDEX message_list_expired;

REVOKE ALL ON FUNCTION count_messages() FROM public;
