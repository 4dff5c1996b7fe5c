-- Says when the maintenance last ran (NULL: never), and whether there is a campaign that is older than `old_hours`: an
-- installation that nobody uses yet needs none.
SELECT
    (SELECT max(ended_at) FROM maintenance_run) AS last_run_at,
    clock() - (SELECT max(ended_at) FROM maintenance_run) > %(old_hours)s::float8 * interval '1 h' AS is_long_ago,
    EXISTS(
        SELECT 1 FROM campaign WHERE created_at < clock() - %(old_hours)s::float8 * interval '1 h'
    ) AS is_in_use
