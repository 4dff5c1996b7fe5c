"""The schema: made once by whoever is first, moves written from Python, and promises that can be seen to break."""

import threading
from uuid import uuid4

import psycopg
import pytest

import sql
from clients.postgres import connect, is_of_the_server
from domain.errors import ConfigurationError
from domain.evidence import DecisionKind, LookUpResult
from domain.reasons import Reason
from domain.states import CAMPAIGN_MOVES, MOVES, CampaignState, MessageState
from domain.template import Channel, Provider
from domain.window import InteractionKind
from factories import TIMING, user_id
from sql import query
from tasks.campaigns import start_campaign
from tasks.database import broken_promises, clock_is_real, database_facts, ensure_schema, migrate

NEWEST = sql.migrations()[-1].number


@pytest.fixture
def empty(database_18):
    """The URL of a database without any schema of ours."""
    with psycopg.connect(database_18, autocommit=True) as connection:
        connection.execute("SET client_min_messages TO warning")
        connection.execute("DROP SCHEMA windowcast CASCADE")
    return database_18


def in_two_threads(url, step):
    together, ended = threading.Barrier(2), []

    def run():
        try:
            with connect(url) as connection:
                together.wait(10)
                ended.append(step(connection))
        except Exception as error:  # noqa: BLE001 - the test looks at whatever it was
            ended.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ended


def test_migrating_again_changes_nothing(world):
    before = world.row_counts()

    assert migrate(world.connection) == []
    ensure_schema(world.connection, embedded=False)

    assert world.row_counts() == before
    assert database_facts(world.connection)["missing_migrations"] == []


def test_two_migrations_at_the_same_moment_make_one_schema(empty):
    ended = in_two_threads(empty, migrate)

    assert sorted(ended, key=len) == [[], [f"{one.number:04} {one.name}" for one in sql.migrations()]]


def test_two_first_commands_on_an_empty_database_set_it_up_together(empty):
    assert in_two_threads(empty, lambda connection: ensure_schema(connection, embedded=False)) == [None, None]


def test_a_set_up_that_died_before_its_first_migration_goes_on(empty):
    with connect(empty) as connection:
        connection.execute(query("database/create_migration_table"))

        ensure_schema(connection, embedded=False)

        assert database_facts(connection)["missing_migrations"] == []


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(world_18):
    world_18.connection.execute("UPDATE migration SET sha256 = 'other' WHERE number = 1")

    for step in (migrate, lambda connection: ensure_schema(connection, embedded=False)):
        with pytest.raises(
            ConfigurationError, match="0001 main_job was changed after it was applied; restore its file"
        ):
            step(world_18.connection)


def test_a_database_newer_than_the_program_is_refused(world_18):
    world_18.connection.execute("INSERT INTO migration (number, name, sha256) VALUES (%s, 'later', 'x')", [NEWEST + 5])

    for step in (migrate, lambda connection: ensure_schema(connection, embedded=True)):
        with pytest.raises(ConfigurationError, match=rf"at migration {NEWEST + 5}, newer than .* \({NEWEST}\)"):
            step(world_18.connection)


def test_a_database_that_is_behind_is_left_alone_with_the_command_that_brings_it_up(world_18, monkeypatch):
    later = sql.Migration(NEWEST + 1, "later", b"CREATE TABLE later (number integer)", "x")
    known = [*sql.migrations(), later]
    monkeypatch.setattr("tasks.database.migrations", lambda: known)

    with pytest.raises(ConfigurationError, match=r"lacks 1 migrations \(first: later\); run `windowcast db migrate`"):
        ensure_schema(world_18.connection, embedded=False)

    assert database_facts(world_18.connection)["missing_migrations"] == ["later"]
    assert migrate(world_18.connection) == [f"{NEWEST + 1:04} later"]
    assert world_18.row_counts()["later"] == 0


def test_a_migration_that_fails_leaves_nothing_behind(world_18, monkeypatch):
    broken = sql.Migration(NEWEST + 1, "broken", b"CREATE TABLE half (number integer); SELECT 1 / 0", "x")
    known = [*sql.migrations(), broken]
    monkeypatch.setattr("tasks.database.migrations", lambda: known)

    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(world_18.connection)

    assert "half" not in world_18.row_counts()
    # The lock is free again, so that the mended migration can run.
    mended = sql.Migration(NEWEST + 1, "broken", b"SELECT 1", "y")
    monkeypatch.setattr("tasks.database.migrations", lambda: [*known[:-1], mended])
    assert migrate(world_18.connection) == [f"{NEWEST + 1:04} broken"]


def test_a_clock_that_was_installed_for_a_test_is_noticed(world):
    assert clock_is_real(world.connection)
    world.put_clock_ahead(hours=1)
    assert not clock_is_real(world.connection)
    world.put_clock_ahead()
    assert clock_is_real(world.connection)


def test_a_server_that_is_away_is_told_from_a_wrong_statement(world_18):
    with pytest.raises(psycopg.Error) as wrong:
        world_18.connection.execute("SELECT nothing_of_that_name")
    with pytest.raises(psycopg.Error) as gone:
        world_18.connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert (is_of_the_server(wrong.value), is_of_the_server(gone.value)) == (False, True)


def test_the_moves_in_the_database_are_those_of_the_code(world):
    for table, moves in (("message_move", MOVES), ("campaign_move", CAMPAIGN_MOVES)):
        rows = world.connection.execute(f"SELECT from_state, to_state FROM {table}").fetchall()
        in_code = {(str(source), str(target)) for source, targets in moves.items() for target in targets}
        assert {(row["from_state"], row["to_state"]) for row in rows} == in_code


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("channel", Channel),
        ("provider", Provider),
        ("interaction_kind", InteractionKind),
        ("message_state", MessageState),
        ("campaign_state", CampaignState),
        ("reason", Reason),
        ("look_up_result", LookUpResult),
        ("decision_kind", DecisionKind),
    ],
)
def test_each_enum_type_has_the_values_of_its_python_twin(world_18, name, twin):
    rows = world_18.connection.execute(f"SELECT unnest(enum_range(NULL::{name}))::text AS value").fetchall()

    assert [row["value"] for row in rows] == [str(one) for one in twin]


def test_moves_that_the_code_no_longer_knows_are_taken_out(world_18):
    parameters = {"from_states": ["ready"], "to_states": ["sending"]}

    world_18.connection.execute(query("moves/replace_message_moves"), parameters)
    world_18.connection.execute(query("moves/replace_campaign_moves"), {"from_states": [], "to_states": []})

    counts = world_18.row_counts()
    assert (counts["message_move"], counts["campaign_move"]) == (1, 0)


def started(world, tmp_path, numbers=(1, 2, 3)):
    account = world.account()
    world.people_write(account, numbers)
    campaign_id = world.submit_ids(tmp_path, numbers, account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return campaign_id


def test_a_move_outside_the_table_is_not_written_and_every_move_inside_it_is(world, tmp_path):
    started(world, tmp_path, numbers=(1,))
    connection, moved = world.connection, set()

    for source in MessageState:
        with connection.transaction(force_rollback=True):
            person = None if source in ("invalid", "duplicate") else user_id(1)
            connection.execute("UPDATE message_list SET state = %s, user_id = %s, reason = NULL", [source, person])
            for target in MessageState:
                with connection.transaction(force_rollback=True):
                    rows = connection.execute(
                        "SELECT move_messages(ARRAY[ROW(message_id, %s, NULL, NULL, NULL, NULL, NULL, NULL, NULL, "
                        "NULL)::message_change]) FROM message_list",
                        [target],
                    ).fetchall()
                    after = connection.execute("SELECT state FROM message_list").fetchone()["state"]
                    assert after == (target if rows else source)
                    moved |= {(source, target)} if rows else set()

    assert moved == {(source, target) for source, targets in MOVES.items() for target in targets}


def test_a_campaign_moves_as_the_table_says_and_no_other_way(world, tmp_path):
    campaign_id = started(world, tmp_path, numbers=(1,))
    connection, moved = world.connection, set()

    for source in CampaignState:
        for target in CampaignState:
            with connection.transaction(force_rollback=True):
                connection.execute("UPDATE campaign SET state = %s", [source])
                row = connection.execute("SELECT move_campaign(%s, %s, 'why')", [campaign_id, target]).fetchone()
                after = world.state(campaign_id)
                assert after == (target if row["move_campaign"] else source)
                moved |= {(source, target)} if row["move_campaign"] else set()

    assert moved == {(source, target) for source, targets in CAMPAIGN_MOVES.items() for target in targets}


def test_an_answer_to_an_older_attempt_moves_nothing(world, tmp_path):
    campaign_id = started(world, tmp_path, numbers=(1,))
    older = world.claim(campaign_id, 1)
    world.end(older, outcome="not_sent", state="ready")
    newer = world.claim(campaign_id, 1)
    change = (
        "SELECT move_messages(ARRAY[ROW(message_id, %s, NULL, %s, NULL, NULL, NULL, NULL, NULL, "
        "NULL)::message_change]) FROM message_list"
    )

    stale = world.connection.execute(change, ["sent", older]).fetchall()
    fresh = world.connection.execute(change, ["sent", newer]).fetchall()

    assert (len(stale), len(fresh)) == (0, 1)


OTHER = uuid4()
ANOTHER_ATTEMPT = (
    'INSERT INTO attempt SELECT (jsonb_populate_record(a, \'{{"attempt_id": "{other}"}}\')).* FROM attempt AS a'
)

DECISION = (
    "INSERT INTO decision (message_id, attempt_id, kind, decided_by, decided_at, because, state_before, state_after) "
    "SELECT message_id, attempt_id, '{kind}', 'test', {at}, 'test', 'failed', 'ready' FROM attempt "
    "WHERE attempt_id <> '{{other}}'"
)

# How each promise is broken by hand: the guard that has to go first, then the deed. The first of three messages was
# accepted by an attempt, the other two are ready; `{other}` is the id of an attempt that is not there.
BREAK = {
    "p01_one_message_per_person": [
        "ALTER TABLE message_list DROP CONSTRAINT message_list_campaign_id_user_id_key",
        "UPDATE message_list AS m SET user_id = o.user_id FROM message_list AS o WHERE o.row_number = 3",
    ],
    "p03_second_attempt_has_its_reason": [
        ANOTHER_ATTEMPT,
        "UPDATE attempt SET outcome = 'refused', started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
    ],
    "p04_one_unresolved_attempt_per_person": [
        "DROP INDEX attempt_unresolved",
        "UPDATE attempt SET settled_at = NULL, outcome = 'unknown'",
        ANOTHER_ATTEMPT,
    ],
    "p05_accepted_once": [
        ANOTHER_ATTEMPT,
    ],
    "p08_every_row_is_a_message": [
        "INSERT INTO upload (upload_id, campaign_id, file_name, byte_count, sha256, header, row_count, remarks) "
        "SELECT campaign_id, campaign_id, 'list.csv', 1, 'x', '{{user_id}}', 4, '{{}}' FROM campaign",
    ],
    "p09_nothing_is_stuck": ["UPDATE campaign SET state = 'finished'"],
    "p10_states_add_up": [
        "ALTER TABLE message_list DROP CONSTRAINT message_list_account_id_fkey",
        "UPDATE message_list SET account_id = 4711 WHERE row_number = 2",
    ],
    "p14_attempt_inside_its_window": ["UPDATE attempt SET slot_at = opener_at + interval '24 h'"],
    "p15_no_window_from_the_future": ["UPDATE last_interaction SET opener_at = clock() + interval '61 s'"],
    "p18_no_attempt_after_the_opt_out": [
        "INSERT INTO suppression (account_id, user_id, source, added_at) "
        "SELECT account_id, user_id, 'test', started_at - interval '1 s' FROM attempt",
    ],
    "p20_sent_is_proven": ["UPDATE attempt SET outcome = 'refused'"],
    "p20_state_is_what_was_told": ["UPDATE message_list SET delivered_at = clock() WHERE row_number = 1"],
    "p21_watermarks_are_obeyed": [
        "DELETE FROM receipt_due",
        "INSERT INTO watermark SELECT account_id, user_id, 'read', w.at, w.at FROM message_list "
        "CROSS JOIN (SELECT clock() + interval '61 s' AS at) AS w WHERE row_number = 1",
    ],
    "p22_no_receipt_waits_in_vain": [
        "DELETE FROM receipt_due",
        "INSERT INTO mid_receipt (account_id, mid, read_at) SELECT account_id, 'm-1', clock() FROM attempt",
    ],
}

# Further ways to break those that have several: a word for it, the deed.
BREAK_TOO = {
    "p08_every_row_is_a_message": {
        "every row is lost": [
            "INSERT INTO upload (upload_id, campaign_id, file_name, byte_count, sha256, header, row_count, remarks) "
            "SELECT campaign_id, campaign_id, 'list.csv', 1, 'x', '{{user_id}}', 3, '{{}}' FROM campaign",
            "DELETE FROM attempt",
            "DELETE FROM message_list",
        ],
    },
    "p09_nothing_is_stuck": {
        "ready in a cancelled campaign": ["UPDATE campaign SET state = 'cancelled'"],
        "ready in a refused campaign": ["UPDATE campaign SET state = 'refused'"],
        "sending without an attempt": ["UPDATE message_list SET state = 'sending' WHERE row_number = 2"],
        "sending long after the lease": [
            "UPDATE message_list SET state = 'sending' WHERE row_number = 1",
            "UPDATE attempt SET lease_until = clock() - interval '11 min'",
        ],
        "unknown for more than a day": [
            "UPDATE message_list SET state = 'unknown' WHERE row_number = 1",
            "UPDATE attempt SET outcome = 'unknown', settled_at = NULL, started_at = clock() - interval '26 h'",
        ],
        "ready though the window is long closed": [
            "UPDATE message_list SET closes_at = clock() - interval '61 min' WHERE row_number = 2"
        ],
    },
    "p14_attempt_inside_its_window": {
        "an opener that nobody knows": ["DELETE FROM last_interaction"],
        "an opener newer than any that is known": ["UPDATE attempt SET opener_at = opener_at + interval '1 s'"],
    },
    "p03_second_attempt_has_its_reason": {
        "refused, without a retry": [
            "UPDATE attempt SET outcome = 'refused'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
        ],
        "absent, as nobody decided": [
            "UPDATE attempt SET outcome = 'absent'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
        ],
        "accepted, and only retried": [
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
            DECISION.format(kind="retry", at="started_at"),
        ],
        "absent, decided too late": [
            "UPDATE attempt SET outcome = 'absent'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
            DECISION.format(kind="absent", at="started_at + interval '2 s'"),
        ],
        "after an unknown": [
            "UPDATE attempt SET outcome = 'unknown'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
        ],
    },
    "p20_state_is_what_was_told": {
        "sent though it was read": ["UPDATE message_list SET read_at = clock() WHERE row_number = 1"],
        "delivered though it was read": [
            "UPDATE message_list SET state = 'delivered', delivered_at = clock(), read_at = clock() "
            "WHERE row_number = 1"
        ],
    },
    "p21_watermarks_are_obeyed": {
        "delivered later than a watermark told": [
            "DELETE FROM receipt_due",
            "INSERT INTO watermark SELECT account_id, user_id, 'delivery', sent_at, sent_at FROM message_list "
            "WHERE row_number = 1",
            "UPDATE message_list SET state = 'delivered', delivered_at = sent_at + interval '1 s', "
            "platform_sent_at = sent_at WHERE row_number = 1",
        ],
    },
    "p22_no_receipt_waits_in_vain": {
        "by an id that the answer gave with m_": [
            "DELETE FROM receipt_due",
            "UPDATE attempt SET provider_message_id = 'm_1'",
            "INSERT INTO mid_receipt (account_id, mid, read_at) SELECT account_id, '1', clock() FROM attempt",
        ],
    },
    "p20_sent_is_proven": {
        "no attempt": ["UPDATE message_list SET attempt_id = NULL WHERE row_number = 1"],
        "no time": ["UPDATE message_list SET sent_at = NULL WHERE row_number = 1"],
        "delivered without its time": ["UPDATE message_list SET state = 'delivered' WHERE row_number = 1"],
        "read without its time": ["UPDATE message_list SET state = 'read' WHERE row_number = 1"],
        "a time of sending on what waits": ["UPDATE message_list SET sent_at = clock() WHERE row_number = 2"],
    },
}


def test_every_promise_has_a_way_to_break_it():
    assert set(BREAK) == set(sql.promises())
    assert set(BREAK_TOO) <= set(BREAK)


def test_each_promise_holds_and_is_seen_when_it_is_broken(world, tmp_path):
    campaign_id = started(world, tmp_path)
    attempt_id = world.claim(campaign_id, 1)
    world.end(attempt_id, outcome="accepted", state="sent", mid="m-1")
    connection, unseen = world.connection, []
    ways = [(name, "", deeds) for name, deeds in BREAK.items()]
    ways += [(name, word, deeds) for name, others in BREAK_TOO.items() for word, deeds in others.items()]

    assert broken_promises(connection) == {}
    for name, word, deeds in ways:
        with connection.transaction(force_rollback=True):
            for deed in deeds:
                connection.execute(deed.format(other=OTHER))
            if name not in broken_promises(connection):
                unseen.append((name, word))

    assert unseen == []
    assert broken_promises(connection) == {}


# What the database itself refuses, whoever writes: the deed, and the guard that stops it.
GUARDED = {
    "a second message on a row": ("UPDATE message_list SET row_number = 1", "message_list_campaign_id_row_number_key"),
    "a second message to a person": (
        "UPDATE message_list SET user_id = '25000000000000001'",
        "message_list_campaign_id_user_id_key",
    ),
    "a good message to nobody": ("UPDATE message_list SET user_id = NULL", "message_list_check"),
    "a bad row with a person": ("UPDATE message_list SET state = 'invalid'", "message_list_check"),
    "a settled attempt without an outcome": ("UPDATE attempt SET outcome = NULL", "attempt_check"),
    "a second unresolved attempt": (
        "INSERT INTO attempt SELECT (jsonb_populate_record(a, jsonb_build_object('attempt_id', gen_random_uuid(), "
        "'settled_at', NULL))).* FROM attempt AS a, generate_series(1, 2)",
        "attempt_unresolved",
    ),
    "a pace of nothing": ("UPDATE pace SET per_second = -1", "pace_per_second_check"),
    "a second campaign of a submission": (
        'INSERT INTO campaign SELECT (jsonb_populate_record(c, \'{"campaign_id": '
        '"00000000-0000-7000-8000-000000000001"}\')).* FROM campaign AS c',
        "campaign_submission_id_key",
    ),
}


def test_what_must_never_be_is_refused_by_the_database_itself(world, tmp_path):
    campaign_id = started(world, tmp_path)
    world.end(world.claim(campaign_id, 1), outcome="accepted", state="sent", mid="m-1")
    stopped = {}

    for word, (deed, _) in GUARDED.items():
        try:
            with world.connection.transaction():
                world.connection.execute(deed)
        except psycopg.errors.IntegrityError as error:
            stopped[word] = error.diag.constraint_name

    assert stopped == {word: guard for word, (_, guard) in GUARDED.items()}
