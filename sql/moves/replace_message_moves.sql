-- Writes the moves of domain/states.py, given as two arrays of the same length, into the database's copy.
WITH given AS (
    SELECT *
    FROM unnest(%(from_states)s::message_state[], %(to_states)s::message_state[]) AS g (from_state, to_state)
),

gone AS (
    DELETE FROM message_move AS m
    WHERE NOT EXISTS (SELECT 1 FROM given AS g WHERE g.from_state = m.from_state AND g.to_state = m.to_state)
)

INSERT INTO message_move (from_state, to_state)
SELECT
    from_state,
    to_state
FROM given
ON CONFLICT DO NOTHING
