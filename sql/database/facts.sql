-- Returns what `doctor` says about the server and about whoever is connected: an acceptance that is not durable could
-- be sent a second time, and who owns the tables may do anything with them.
SELECT
    current_setting('server_version') AS server_version,
    current_user AS role,
    EXISTS(
        SELECT 1
        FROM pg_class AS c
        WHERE c.relnamespace = 'windowcast'::regnamespace AND pg_has_role(c.relowner, 'USAGE')
    ) AS owns_tables,
    current_setting('fsync') AS fsync,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('full_page_writes') AS full_page_writes
