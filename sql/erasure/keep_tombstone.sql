-- Keeps what stands for a person who is being erased now; of one who was erased before, the newer time.
INSERT INTO erased_person (account_id, tombstone, key_print)
VALUES (%(account_id)s, %(tombstone)s, %(key_print)s)
ON CONFLICT (account_id, tombstone) DO UPDATE
    SET erased_at = clock(), key_print = excluded.key_print
