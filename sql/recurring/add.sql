-- Keeps a list that is to be submitted again and again.
INSERT INTO recurring (recurring_id, name, cron, time_zone, words)
VALUES (%(recurring_id)s, %(name)s, %(cron)s, %(time_zone)s, %(words)s::jsonb)
RETURNING *
