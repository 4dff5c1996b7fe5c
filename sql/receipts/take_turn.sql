-- Lets one process after the other apply what it has read, until its transaction ends. Receipts of a message then never
-- miss it: whoever looks for the message of a receipt, or for the receipts of a message, sees all that others kept.
SELECT pg_advisory_xact_lock(hashtext('windowcast receipts'))
