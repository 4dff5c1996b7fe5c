"""F37: a backup is restored, and what was sent after it was made is sent by nobody again."""

import subprocess
from contextlib import contextmanager
from copy import copy

import pytest

import servers
from clients.postgres import connect
from factories import World, user_id
from tasks.campaigns import start_campaign
from tasks.database import broken_promises

PEOPLE = 20


@pytest.fixture(scope="module")
def backup(make_module_scene, tmp_path_factory):
    """A campaign that was dumped in the middle and then sent to its end, and the dump."""
    path = tmp_path_factory.mktemp("backup") / "dump"
    scene = make_module_scene(people=PEOPLE, in_flight=1)
    with scene.start_sender(point="claimed", hit=8) as sender:
        sender.wait_until_reached()
        _dump(scene.database, path)
        sender.let_go()
        assert sender.result()["state"] == "finished"
    scene.evidence()
    return scene, path


@pytest.fixture
def restored(backup, private_servers):
    """The scene in a database that was restored from the dump."""
    scene, path = backup
    with _restoring(private_servers("18"), path) as database:
        again = copy(scene)
        again.database = database
        yield again


def test_f37_after_a_restore_nothing_is_sent_until_a_person_resumes_and_nothing_twice(restored):
    sent_before = len(restored.accepted())

    marked = restored.command("db", "restored", "--yes", "--json")
    refused = restored.command("campaigns", "run", str(restored.campaign_id))
    resumed = restored.command("accounts", "resume", restored.account.name)
    ran = restored.command("campaigns", "run", str(restored.campaign_id))

    assert sent_before == PEOPLE
    assert (marked.code, marked.json["unknown"]) == (0, {str(restored.campaign_id): PEOPLE - 8}), marked.err
    assert marked.json["paused_accounts"] == [restored.account.name]
    assert refused.code == 6
    assert "a backup of the database was restored" in refused.err
    assert (resumed.code, ran.code) == (0, 0), resumed.err + ran.err
    assert len(restored.posts()) == PEOPLE
    assert restored.states() == {"sent": 7, "unknown": PEOPLE - 7}


def test_f37_a_message_whose_attempt_is_in_the_backup_is_settled_by_its_echo(restored):
    restored.command("db", "restored", "--yes")
    restored.command("accounts", "resume", restored.account.name)

    restored.carry_webhooks()

    with connect(restored.database) as connection:
        rows = connection.execute("SELECT user_id, state, reason FROM message_list ORDER BY message_id").fetchall()
        assert broken_promises(connection) == {}
    assert {row["state"] for row in rows[:8]} <= {"sent", "delivered", "read"}
    assert [row["state"] for row in rows[8:]] == ["unknown"] * (PEOPLE - 8)
    assert {row["reason"] for row in rows[8:]} == {"restored"}


def test_f37_a_campaign_that_was_timed_for_after_the_backup_is_doubted_and_one_still_ahead_goes_on(restored, tmp_path):
    with connect(restored.database) as connection:
        world = World(connection)
        account = restored.account
        due = world.submit_ids(tmp_path, [1, 2], account=account)
        ahead = world.submit_ids(tmp_path, [3, 4], account=account)
        connection.execute(
            "UPDATE campaign SET scheduled_at = clock() + interval '1 h' WHERE campaign_id = %s", [ahead]
        )

    first = restored.command("db", "restored", "--yes", "--json")
    again = restored.command("db", "restored", "--yes", "--json")

    assert first.json["unknown"] == {str(restored.campaign_id): PEOPLE - 8, str(due): 2}
    assert again.json["unknown"] == {}
    with restored.world() as world:
        assert world.states(due) == {"unknown": 2}
        assert world.states(ahead) == {"ready": 2}


def test_f37_people_whom_a_campaign_waits_for_are_doubted_and_not_recovered_when_they_write_again(restored, tmp_path):
    with restored.world() as world:
        held = world.submit_ids(tmp_path, [1, 200], account=restored.account)
        world.connection.execute(
            "UPDATE campaign SET hold_until = clock() + interval '1 h' WHERE campaign_id = %s", [held]
        )
        start_campaign(world.connection, held, timing=restored.timing)
        before = world.states(held)

        marked = restored.command("db", "restored", "--yes", "--json")
        restored.command("accounts", "resume", restored.account.name)
        world.people_write(restored.account, [200], hours_ago=0)

        assert before == {"ready": 1, "ineligible": 1}
        assert marked.json["unknown"][str(held)] == 2
        assert world.states(held) == {"unknown": 2}


def test_f37_without_a_terminal_the_command_asks_for_a_yes_and_changes_nothing(restored):
    asked = restored.command("db", "restored")

    assert asked.code == 2
    assert "add --yes to say that a backup was restored" in asked.err
    with restored.world() as world:
        assert world.state(restored.campaign_id) == "sending"
    assert user_id(0) in {post.recipient_id for post in restored.posts()}


def _dump(database, path) -> None:
    _run("pg_dump", "--format=custom", f"--file={path}", f"--dbname={database}")


@contextmanager
def _restoring(server, path):
    """Make a database of a dump, for as long as it is needed."""
    name = server.create(template="template0")
    try:
        _run("pg_restore", f"--dbname={server.url(name)}", "--no-owner", str(path))
        yield server.url(name)
    finally:
        server.drop(name)


def _run(program, *words) -> None:
    subprocess.run([servers.binaries_18() / program, *words], check=True, capture_output=True, timeout=60)
