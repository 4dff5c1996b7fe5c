-- Makes a campaign in the state draft. No row: the submission has made one already.
INSERT INTO campaign (
    campaign_id, name, account_id, template_id, submission_id, list_sha256, accepts_valid, scheduled_at, not_after,
    hold_until, weight, accepts_old_interactions, resends_unknown, submitted_by,
    private_replies, shares
)
VALUES (
    %(campaign_id)s, %(name)s, %(account_id)s, %(template_id)s, %(submission_id)s, %(list_sha256)s, %(accepts_valid)s,
    %(scheduled_at)s, %(not_after)s, %(hold_until)s, %(weight)s, %(accepts_old_interactions)s, %(resends_unknown)s,
    %(submitted_by)s,
    %(private_replies)s, %(shares)s
)
ON CONFLICT (submission_id) DO NOTHING
RETURNING campaign_id
