-- The rules that a template may add for its values, and how every rule of a list fared.
ALTER TABLE template ADD COLUMN rules jsonb NOT NULL DEFAULT '{}'; -- variable to its rules, as in the template's file

-- What the suite of the template version found in the list of a campaign, so that its report can be made at any time.
CREATE TABLE validation_result (
    campaign_id uuid NOT NULL REFERENCES campaign ON DELETE CASCADE,
    rule text NOT NULL, -- domain/recipient_rules.py knows its words
    column_name text NOT NULL DEFAULT '', -- '': of the whole row
    checked_count bigint NOT NULL CHECK (checked_count >= 0),
    broken_count bigint NOT NULL CHECK (broken_count >= 0),
    validated_at timestamptz NOT NULL DEFAULT clock(),
    PRIMARY KEY (campaign_id, rule, column_name)
);
