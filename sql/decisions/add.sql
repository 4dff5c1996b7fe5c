-- Keeps a decision on each of these messages, after its moves: who, why, and what it changed.
WITH given AS (
    SELECT *
    FROM unnest(%(message_ids)s::bigint[], %(attempt_ids)s::uuid[], %(reasons)s::reason[]) AS g (
        message_id, attempt_id, reason_before
    )
)

INSERT INTO decision (
    message_id, attempt_id, kind, decided_by, because, state_before, reason_before, state_after
)
SELECT
    m.message_id,
    g.attempt_id,
    %(kind)s,
    %(decided_by)s,
    %(because)s,
    %(state_before)s,
    g.reason_before,
    m.state
FROM given AS g
INNER JOIN message_list AS m ON g.message_id = m.message_id
