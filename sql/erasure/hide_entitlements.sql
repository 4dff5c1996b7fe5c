-- Puts the tombstone of a person in the place of the id beside their comments and posts, which allow nothing any more.
-- They are not deleted: told again, they would allow a reply again.
UPDATE entitlement
SET user_id = %(tombstone)s, removed_at = coalesce(removed_at, clock())
WHERE account_id = %(account_id)s AND user_id = %(user_id)s
