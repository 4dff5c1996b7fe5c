-- Keeps what a second person said of a plan.
INSERT INTO approval (campaign_id, verdict, plan_hash, plan, submitted_by, decided_by, because)
VALUES (
    %(campaign_id)s, %(verdict)s, %(plan_hash)s, %(plan)s::jsonb, %(submitted_by)s, %(decided_by)s, %(because)s
)
RETURNING approval_id, decided_at
