-- Rights: PUBLIC has none. `windowcast db roles` grants each part's rights to its role (docs/database-roles.md): roles
-- belong to the whole server, so no migration creates them, and the embedded server has none.

REVOKE ALL ON SCHEMA windowcast FROM public;
REVOKE ALL ON ALL TABLES IN SCHEMA windowcast FROM public;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA windowcast FROM public;
