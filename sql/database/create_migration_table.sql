-- Makes the schema and the table that records which migrations were applied; harmless when they exist.
CREATE SCHEMA IF NOT EXISTS windowcast;
CREATE TABLE IF NOT EXISTS windowcast.migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
