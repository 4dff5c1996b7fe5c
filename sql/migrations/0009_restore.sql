-- After a backup was restored, what was ready in it may have been sent in the time that the backup does not know of.
ALTER TYPE reason ADD VALUE 'restored' AFTER 'no_answer';
