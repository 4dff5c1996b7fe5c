-- What the superuser makes once in a new Postgres, by psql, with the passwords in its environment: a database for Windowcast
-- and one for Prefect, each with its owner, and a login for each part (docs/database-roles.md). `windowcast db roles` says
-- afterwards what each may do. The image of Postgres runs this file by itself when it makes a cluster.
\set ON_ERROR_STOP on
\getenv owner_password WC_OWNER_PASSWORD
\getenv worker_password WC_WORKER_PASSWORD
\getenv ingest_password WC_INGEST_PASSWORD
\getenv hook_password WC_HOOK_PASSWORD
\getenv prefect_password WC_PREFECT_PASSWORD

CREATE ROLE wc_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE windowcast OWNER wc_owner;
REVOKE ALL ON DATABASE windowcast FROM PUBLIC;

-- Made by the owner, who is to set their limits of time later: since Postgres 16 only who made a role may.
SET ROLE wc_owner;
CREATE ROLE wc_worker LOGIN PASSWORD :'worker_password';
CREATE ROLE wc_ingest LOGIN PASSWORD :'ingest_password';
CREATE ROLE wc_hook LOGIN PASSWORD :'hook_password';
GRANT CONNECT ON DATABASE windowcast TO wc_worker, wc_ingest, wc_hook;
RESET ROLE;

CREATE ROLE prefect LOGIN PASSWORD :'prefect_password';
CREATE DATABASE prefect OWNER prefect;
REVOKE ALL ON DATABASE prefect FROM PUBLIC;
\connect prefect
CREATE EXTENSION IF NOT EXISTS pg_trgm;
