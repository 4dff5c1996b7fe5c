-- Drops both tables at once, so that one transaction may apply more than one batch.
DROP TABLE loading_receipt, told_message
