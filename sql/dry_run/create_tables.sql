-- Creates the tables of a dry run, until the transaction ends: temporary ones with the names of those that an intake
-- writes. They come first in the search path, so that the statements of a submit read and write them instead, and
-- nothing is left of a dry run: no dead row, no lock, no line in the log of the server's changes. Statements that are
-- to see all campaigns all the same say `windowcast.campaign` and `windowcast.message_list`.
--
-- The rows are read from end to end and written once, so they need no index. A changed search path also makes the
-- server look at the statements again that the connection has prepared before.
CREATE TEMPORARY TABLE campaign (LIKE windowcast.campaign INCLUDING ALL) ON COMMIT DROP;
CREATE TEMPORARY TABLE upload (LIKE windowcast.upload INCLUDING ALL) ON COMMIT DROP;
CREATE TEMPORARY TABLE staged_row (LIKE windowcast.staged_row INCLUDING ALL EXCLUDING INDEXES) ON COMMIT DROP;
CREATE TEMPORARY TABLE problem (LIKE windowcast.problem INCLUDING ALL EXCLUDING INDEXES) ON COMMIT DROP;
CREATE TEMPORARY TABLE message_list (LIKE windowcast.message_list INCLUDING ALL EXCLUDING INDEXES) ON COMMIT DROP;
SET LOCAL search_path TO pg_temp, windowcast;
