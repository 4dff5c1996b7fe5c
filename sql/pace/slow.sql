-- Keeps the usage of the platform's limits that an answer reported, and slows the account's pace for a while where that
-- is near them. A slower pace that holds already is kept; the usage of the newest answer is what people are shown.
UPDATE pace
SET
    usage_percent = %(usage_percent)s,
    slowed_by = CASE WHEN slowed_until > clock() THEN greatest(slowed_by, %(slowed_by)s) ELSE %(slowed_by)s END,
    slowed_until = CASE
        WHEN %(slowed_by)s > 1 THEN clock() + %(seconds)s::float8 * interval '1 s' ELSE slowed_until
    END
WHERE account_id = %(account_id)s
