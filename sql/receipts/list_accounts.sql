-- Returns all accounts as webhooks name them.
SELECT
    account_id,
    channel,
    external_id
FROM account
