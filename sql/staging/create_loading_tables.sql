-- Makes the tables that COPY fills with what the reader wrote; they are gone when the transaction ends.
CREATE TEMPORARY TABLE loading_row (
    row_number integer,
    typed_user_id text,
    user_id text,
    cells text[]
) ON COMMIT DROP;
CREATE TEMPORARY TABLE loading_problem (
    row_number integer,
    column_name text,
    finding text,
    facts jsonb
) ON COMMIT DROP;
