-- Lets a statement of this transaction run for so many milliseconds only.
SELECT set_config('statement_timeout', %(milliseconds)s::text, TRUE)
