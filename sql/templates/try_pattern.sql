-- Runs a pattern over texts, to see whether Postgres can read it and how long it takes. Returns how many it fits.
SELECT count(*) AS fitting_count FROM unnest(%(texts)s::text[]) AS t (content) WHERE t.content ~ %(pattern)s::text
