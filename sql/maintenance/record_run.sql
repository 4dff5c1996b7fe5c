-- Keeps what a run of the maintenance did.
INSERT INTO maintenance_run (started_at, report) VALUES (%(started_at)s, %(report)s::jsonb)
