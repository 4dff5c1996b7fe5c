-- Nobody but the owner of the tables can do anything by being anybody. What each part may do is granted to its role by
-- `windowcast db roles` (docs/database-roles.md): roles belong to the whole server, so no migration makes them.

-- States and reasons are written by these alone, with the owner's rights: no role may write the columns. The path is
-- fixed, so that whoever calls them cannot slip in tables or functions of his own.
ALTER FUNCTION move_messages(message_change[]) SECURITY DEFINER SET search_path = windowcast, pg_temp;
ALTER FUNCTION note_no_receipt(bigint, timestamptz, timestamptz) SECURITY DEFINER
SET search_path = windowcast, pg_temp;
ALTER FUNCTION forget_no_receipt(bigint[]) SECURITY DEFINER SET search_path = windowcast, pg_temp;
ALTER FUNCTION move_campaign(uuid, campaign_state, text) SECURITY DEFINER SET search_path = windowcast, pg_temp;

-- How many rows the default partition of interactions holds, counted up to `most`. Its own function, since the
-- partition is a new table after each time that it was set aside, on which nobody has been granted anything.
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

REVOKE ALL ON SCHEMA windowcast FROM public;
REVOKE ALL ON ALL TABLES IN SCHEMA windowcast FROM public;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA windowcast FROM public;
