"""The schema: migrations from an empty database on, races, halves, and the clock."""

import threading

import psycopg
import pytest

import sql
from clients.postgres import connect, is_of_the_server
from domain.errors import ConfigurationError
from sql import query
from tasks.database import clock_is_real, database_facts, ensure_schema, migrate

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


@pytest.mark.parametrize("column", ["name", "sha256"])
def test_a_database_that_other_migrations_made_is_refused_with_its_place_and_the_remedy(world_18, column):
    world_18.connection.execute(f"UPDATE migration SET {column} = 'main_job' WHERE number = 1")
    world_18.connection.execute("INSERT INTO migration (number, name, sha256) VALUES (%s, 'later', 'x')", [NEWEST + 5])
    place = world_18.connection.info

    for step in (migrate, lambda connection: ensure_schema(connection, embedded=False)):
        with pytest.raises(ConfigurationError) as refused:
            step(world_18.connection)
        assert f"database {place.dbname} at {place.host}" in str(refused.value)
        assert "Create a new one: name an empty database in WINDOWCAST_DATABASE_URL" in str(refused.value)


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
