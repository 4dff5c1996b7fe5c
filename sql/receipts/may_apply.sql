-- Returns whether whoever is connected may apply what webhooks told: a role that only sends may not.
SELECT
    has_table_privilege('interaction', 'INSERT')
    AND has_table_privilege('receipt_due', 'DELETE')
    AND has_table_privilege('suppression', 'DELETE') AS may_apply
