-- Moves a message of which a restored backup lost the attempt to sent, on a person's word: nothing else can prove it.
SELECT
    move_messages(
        ARRAY[ROW(%(message_id)s, 'sent', NULL, NULL, clock(), NULL, NULL, NULL, NULL, NULL)::message_change]
    ) AS message_id
