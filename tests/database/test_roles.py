"""The roles: what each part needs works under its role, and every forbidden verb is refused."""

import asyncio
import itertools
import os

import psycopg
import pytest

from clients.postgres import connect
from clients.settings import Settings
from domain.errors import ConfigurationError, UsageError
from domain.signed_request import DeletionWish
from domain.window import InteractionKind
from factories import TIMING, TOKEN, World, user_id, write_table
from sandbox.process import running_sandbox
from tasks.campaigns import start_campaign
from tasks.database import database_facts, ensure_schema, migrate
from tasks.deletion_requests import keep_request
from tasks.interactions import Interaction, store_interactions
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.roles import GRANTS, OWNERS_ALONE, Role, group_name, set_up_roles
from tasks.running import run_campaign
from tasks.suppressions import add_suppressions
from tasks.sweep import sweep
from tasks.windows import read_clock

_NUMBERS = itertools.count(1)
DENIED = psycopg.errors.InsufficientPrivilege


class Logins:
    """Logins on the server of a database, one for each role, of names that nobody else has."""

    def __init__(self, url) -> None:
        self._url = url
        self.prefix = f"wc{os.getpid()}_{next(_NUMBERS)}"
        with connect(url) as connection:
            for role in Role:
                connection.execute(f"CREATE ROLE {self.name(role)} LOGIN")
            members = [(role, self.name(role)) for role in Role]
            self.made = set_up_roles(connection, prefix=self.prefix, members=members)

    def name(self, role) -> str:
        return f"{self.prefix}_{role}_login"

    def url(self, role) -> str:
        return psycopg.conninfo.make_conninfo(self._url, user=self.name(role))

    def drop(self) -> None:
        with connect(self._url) as connection:
            for name in [*(self.name(role) for role in Role), *(group_name(role, prefix=self.prefix) for role in Role)]:
                connection.execute(f"DROP OWNED BY {name}")
                connection.execute(f"DROP ROLE {name}")


@pytest.fixture
def logins(database_18):
    logins = Logins(database_18)
    yield logins
    logins.drop()


@pytest.fixture
def filled(world_18, tmp_path):
    """A database with a row in what the verbs below are tried on: a campaign with one message sent and one ready."""
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    campaign_id = world_18.submit_ids(tmp_path, [1, 2], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    world_18.end(world_18.claim(campaign_id, 1), outcome="accepted", state="sent", mid="m")
    store_receipt(world_18.connection, b"{}")
    return campaign_id


@pytest.fixture(scope="module")
def platform():
    with running_sandbox() as client:
        yield client


ANY = "SELECT * FROM {}"
# What each role is refused, beside everything in tables that it has no grant on at all.
FORBIDDEN = {
    Role.SENDER: [
        "DELETE FROM message_list",
        "DELETE FROM attempt",
        "DELETE FROM campaign",
        "DELETE FROM suppression",
        "TRUNCATE attempt",
        ANY.format("upload_file"),
        ANY.format("staged_row"),
        ANY.format("interaction"),
        "UPDATE message_list SET state = 'sent'",
        "UPDATE message_list SET reason = NULL",
        "UPDATE message_list SET cells = '{}'",
        "UPDATE message_list SET user_id = '4711'",
        "UPDATE campaign SET state = 'sending'",
        "UPDATE attempt SET user_id = '4711'",
        "UPDATE attempt SET started_at = clock()",
        "UPDATE decision SET because = 'other'",
        "INSERT INTO message_list (account_id, row_number, cells, state) VALUES (1, 1, '{}', 'ready')",
        "INSERT INTO last_interaction VALUES (1, '4711', clock(), 'message')",
        "INSERT INTO message_move VALUES ('sent', 'ready')",
        "UPDATE template SET content = '{}'",
        "UPDATE account SET credential = 'OTHER'",
        "INSERT INTO migration (number, name, sha256) VALUES (99, 'x', 'x')",
        "CREATE TABLE mine (a integer)",
        "ALTER TABLE message_list DROP COLUMN cells",
        "DROP TABLE message_list",
        "CREATE OR REPLACE FUNCTION clock() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
        "SELECT make_interaction_day('2030-01-01')",
        "SELECT drop_interaction_day('2030-01-01')",
        "CREATE SCHEMA mine",
    ],
    Role.INGEST: [
        "INSERT INTO attempt DEFAULT VALUES",
        "DELETE FROM message_list",
        "DELETE FROM interaction",
        "DELETE FROM receipt_inbox",
        "DELETE FROM campaign",
        "UPDATE message_list SET state = 'sent'",
        "UPDATE message_list SET cells = '{}'",
        "UPDATE campaign SET state = 'sending'",
        "UPDATE receipt_inbox SET body = ''",
        "UPDATE account SET credential = 'OTHER'",
        "UPDATE template SET content = '{}'",
        "INSERT INTO message_move VALUES ('sent', 'ready')",
        "DELETE FROM erased_person",
        ANY.format("interaction_default"),
        "DROP TABLE interaction",
        "SELECT set_default_interactions_aside('{}')",
    ],
    Role.HOOK: [
        ANY.format("message_list"),
        ANY.format("last_interaction"),
        ANY.format("account"),
        "SELECT body FROM receipt_inbox",
        "UPDATE receipt_inbox SET applied_at = clock()",
        "DELETE FROM receipt_inbox",
        "UPDATE deletion_request SET state = 'done'",
        "SELECT move_messages('{}')",
        "SELECT move_campaign(NULL, 'paused', NULL)",
    ],
    Role.REPORT: [
        ANY.format("message_list"),
        ANY.format("attempt"),
        ANY.format("upload_file"),
        ANY.format("problem"),
        ANY.format("receipt_inbox"),
        "UPDATE message_list SET cells = '{}'",
        "DELETE FROM campaign",
        "INSERT INTO suppression (account_id, user_id, source) VALUES (1, '4711', 'x')",
        "SELECT move_messages('{}')",
        "CREATE TABLE mine (a integer)",
    ],
}


@pytest.mark.usefixtures("filled")
def test_every_verb_that_a_role_has_no_need_of_is_refused(logins):
    allowed = []

    for role, verbs in FORBIDDEN.items():
        with connect(logins.url(role)) as connection:
            for verb in verbs:
                try:
                    with connection.transaction(force_rollback=True):
                        connection.execute(verb)
                except DENIED:
                    continue
                allowed.append((role, verb))

    assert allowed == []


def test_every_table_and_view_is_granted_to_somebody_or_kept_for_the_owner(connection):
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'windowcast'::regnamespace AND relkind IN ('r', 'p', 'v')"
    )
    granted = {grant.on for grants in GRANTS.values() for grant in grants}

    # A table that is new must be thought of: who needs it, and for what? Grant that in tasks/roles.py.
    assert {row["relname"] for row in rows} == granted | OWNERS_ALONE


def test_no_role_may_write_a_state_and_only_the_owners_functions_do(connection):
    for grants in GRANTS.values():
        for grant in grants:
            if grant.what == "UPDATE" and grant.on in ("message_list", "campaign"):
                assert grant.columns
                assert not {"state", "reason", "state_since", "refusal", "pause_reason"} & set(grant.columns)
    rows = connection.execute(
        "SELECT proname, prosecdef, proconfig FROM pg_proc WHERE pronamespace = 'windowcast'::regnamespace "
        "AND (prosrc ~* 'update (message_list|campaign)\\y' OR prosecdef) ORDER BY proname"
    ).fetchall()
    assert [row["proname"] for row in rows] == [
        "count_default_interactions",
        "count_messages",
        "forget_no_receipt",
        "move_campaign",
        "move_messages",
        "note_no_receipt",
    ]
    assert [row["prosecdef"] for row in rows] == [True] * 6
    assert [row["proconfig"] for row in rows] == [["search_path=windowcast, pg_temp"]] * 6


def test_nothing_is_left_to_everybody(connection):
    rows = connection.execute(
        "SELECT proname AS name FROM pg_proc WHERE pronamespace = 'windowcast'::regnamespace "
        "AND has_function_privilege('public', oid, 'EXECUTE') "
        "UNION ALL SELECT relname FROM pg_class WHERE relnamespace = 'windowcast'::regnamespace "
        "AND relkind IN ('r', 'p', 'v') AND has_table_privilege('public', oid, 'SELECT, INSERT, UPDATE, DELETE')"
    )

    assert rows.fetchall() == []


def test_a_function_of_the_owner_cannot_be_made_to_use_tables_of_its_caller(logins, filled):
    with connect(logins.url(Role.SENDER)) as connection:
        connection.execute("CREATE TEMPORARY TABLE message_list (message_id bigint, state text)")
        connection.execute("CREATE TEMPORARY TABLE message_move (from_state text, to_state text)")
        connection.execute("SET search_path TO pg_temp, windowcast")
        moved = connection.execute(
            "SELECT move_messages(ARRAY(SELECT ROW(message_id, 'sent', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
            "::message_change FROM windowcast.message_list WHERE state = 'ready' AND campaign_id = %s))",
            [filled],
        ).fetchall()
        assert len(moved) == 1
        assert connection.execute("SELECT count(*) FROM message_list").fetchone()["count"] == 0


def test_a_campaign_is_taken_in_sent_and_reported_each_under_its_role(logins, tmp_path, platform, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    with connect(logins.url(Role.INGEST)) as connection:
        world = World(connection)
        ensure_schema(connection, embedded=False)
        account = world.account(external_id=str(990_000_000_000 + os.getpid()))
        world.people_write(account, range(6))
        rows = [("user_id", "name"), *((user_id(number), f"Name {number}") for number in range(6)), ("bad", "Bad")]
        file = write_table(tmp_path / "list.csv", rows)
        submission = world.submission(account, world.template(tmp_path), file=file, accepts_valid=True)
        campaign_id = world.submit(submission, tmp_path)
        add_suppressions(connection, account, user_ids=[user_id(5)], source="test")
        at = read_clock(connection)
    platform.add_accounts(
        [{"external_id": account.external_id, "channel": "messenger", "token": TOKEN, "app_secret": "s", "name": "A"}]
    )
    platform.people_write(
        {"account": account.external_id, "user_id": user_id(n), "kind": "message", "occurred_at": at.isoformat()}
        for n in range(6)
    )
    chosen = Settings(database_url=logins.url(Role.SENDER), graph_url=platform.url)

    end = asyncio.run(run_campaign(logins.url(Role.SENDER), campaign_id, chosen=chosen, stop=asyncio.Event()))

    assert end.state == "finished"
    with connect(logins.url(Role.SENDER)) as connection:
        assert sweep(connection, timing=TIMING).findings == []
    with connect(logins.url(Role.REPORT)) as connection:
        summary = connection.execute("SELECT row_count, sent_count FROM campaign_summary").fetchone()
        states = connection.execute("SELECT state, count(*) FROM message_list_report GROUP BY 1 ORDER BY 1").fetchall()
    assert summary == {"row_count": 7, "sent_count": 5}
    assert {row["state"]: row["count"] for row in states} == {"sent": 5, "ineligible": 1, "invalid": 1}


def test_receipts_are_stored_by_the_hook_and_applied_by_intake(logins, filled):
    with connect(logins.url(Role.HOOK)) as connection:
        ensure_schema(connection, embedded=False)
        assert store_receipt(connection, b'{"entry": []}') is True
        assert store_receipt(connection, b'{"entry": []}') is False
        wish = DeletionWish("4711", "c" * 32)
        assert keep_request(connection, wish) == "waiting"
        assert keep_request(connection, wish) == "waiting"
    with connect(logins.url(Role.INGEST)) as connection:
        reconcile_inbox(connection, timing=TIMING)
        account = connection.execute("SELECT account_id FROM account").fetchone()["account_id"]
        one = Interaction(account, user_id(9), InteractionKind.MESSAGE, read_clock(connection), "new")
        assert store_interactions(connection, [one], timing=TIMING) == (1, 1)
        assert sweep(connection, timing=TIMING).findings == []


def test_a_login_gets_the_limits_of_its_role(logins):
    with psycopg.connect(logins.url(Role.REPORT), autocommit=True) as connection:
        shown = [
            connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "search_path")
        ]

    assert shown == ["10min", "5s", "10min", "windowcast"]
    with connect(logins.url(Role.SENDER)) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone()["statement_timeout"] == "1min"


def test_nothing_is_sent_to_a_real_platform_from_a_database_that_may_forget(world_18, filled, monkeypatch):
    # The server of the tests does not sync.
    monkeypatch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
    url = world_18.connection.info.dsn
    chosen = Settings(database_url=url, graph_url="https://platform.invalid")

    with pytest.raises(
        ConfigurationError, match=r"may lose what it has committed \(fsync off.*nothing is sent to a real"
    ):
        asyncio.run(run_campaign(url, filled, chosen=chosen, stop=asyncio.Event()))

    assert world_18.states(filled) == {"sent": 1, "ready": 1}


def test_it_is_told_who_is_connected_and_whether_they_own_the_tables(logins, world_18):
    with connect(logins.url(Role.SENDER)) as connection:
        facts = database_facts(connection)

    assert (facts["role"], facts["owns_tables"]) == (logins.name(Role.SENDER), False)
    assert database_facts(world_18.connection)["owns_tables"] is True


def test_roles_are_made_by_the_owner_alone_and_again_without_harm(logins, world_18):
    assert set_up_roles(world_18.connection, prefix=logins.prefix) == logins.made
    with (
        connect(logins.url(Role.INGEST)) as connection,
        pytest.raises(ConfigurationError, match="Roles are made by the owner of the tables"),
    ):
        set_up_roles(connection, prefix=f"{logins.prefix}x")
    with pytest.raises(UsageError, match='Role "nobody" does not exist: make the login first'):
        set_up_roles(world_18.connection, prefix=logins.prefix, members=[(Role.HOOK, "nobody")])


def test_what_is_taken_from_a_role_is_gone_after_the_next_set_up(logins, world_18):
    world_18.connection.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA windowcast TO {logins.prefix}_report")

    set_up_roles(world_18.connection, prefix=logins.prefix)

    with connect(logins.url(Role.REPORT)) as connection, pytest.raises(DENIED):
        connection.execute("DELETE FROM message_list")


def test_migrating_is_the_owners(logins):
    with connect(logins.url(Role.SENDER)) as connection, pytest.raises(DENIED):
        migrate(connection)
