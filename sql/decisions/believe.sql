-- Moves a message of which a restored backup lost the attempt to sent, on a person's word: nothing else can prove it.
SELECT move_messages(ARRAY[message_change(%(message_id)s, 'sent', happened_at => clock())]) AS message_id
