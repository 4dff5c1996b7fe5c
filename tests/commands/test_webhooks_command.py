"""`windowcast webhooks` and `windowcast interactions list`, as their users meet them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clients.postgres import connect
from events import Platform, milliseconds
from factories import World, user_id
from tasks.receipts import store_receipt
from tasks.windows import read_clock

ROOT = Path(__file__).parents[2]
_MAIN = "import sys; from cli.main import main; sys.exit(main())"


@pytest.fixture
def told(database_18, monkeypatch):
    """A database whose inbox holds one good body, one of an account that is not kept, and one of nonsense."""
    from clients.settings import settings

    monkeypatch.setenv("WINDOWCAST_DATABASE_URL", database_18)
    settings.cache_clear()
    with connect(database_18) as connection:
        account = World(connection).account(name="Shop")
        platform, at = Platform(account), milliseconds(read_clock(connection))
        store_receipt(connection, platform.body(platform.wrote(1, at - 2000), platform.tapped(2, at - 1000)))
        store_receipt(connection, platform.body(platform.wrote(3, at)).replace(account.external_id.encode(), b"4711"))
        store_receipt(connection, b"nonsense \x00")
        yield connection, platform
    settings.cache_clear()


def test_reconcile_says_what_it_applied_and_the_list_shows_what_came_in(command, told):
    report = command.json("webhooks", "reconcile")
    again = command.json("webhooks", "reconcile")
    listed = command.json("interactions", "list", "--account", "Shop")
    of_one = command.json("interactions", "list", "--account", "Shop", "--user", user_id(1), "--most", "5")

    counted = {name: report[name] for name in ("bodies", "events", "interactions", "strange", "elsewhere")}
    assert counted == {"bodies": 3, "events": 4, "interactions": 2, "strange": 1, "elsewhere": 1}
    assert set(again.values()) == {0}
    assert [(row["user_id"], row["kind"]) for row in listed] == [(user_id(2), "postback"), (user_id(1), "message")]
    assert set(listed[0]) == {"user_id", "kind", "occurred_at", "event_id"}
    assert listed[0]["occurred_at"].endswith("+00:00")
    assert of_one == listed[1:]


def test_the_inbox_shows_what_waits_and_what_is_strange_and_prints_a_body_byte_for_byte(command, told):
    before = command.json("webhooks", "inbox")
    words = command("webhooks", "reconcile")
    after = command.json("webhooks", "inbox")
    shown = command("webhooks", "inbox", "--show", after["strange_bodies"][0]["receipt_id"])

    assert (before["waiting"], before["applied"], before["strange_bodies"]) == (3, 0, [])
    assert "2 new interactions" in words.out
    assert (after["waiting"], after["applied"], after["strange"]) == (0, 3, 1)
    assert after["strange_bodies"][0]["strange"] == "the body is no JSON: 1"
    assert after["unknown_accounts"] == [
        {"channel": "messenger", "external_id": "4711", "body_count": 1, "event_count": 1}
    ]
    assert shown.out == "nonsense \x00"
    table = command("webhooks", "inbox")
    assert "4711" in table.out
    assert "the body is no JSON" in table.out


def test_what_is_not_there_is_named(command, told):
    body = command("webhooks", "inbox", "--show", "4711")
    account = command("interactions", "list", "--account", "Nobody")

    assert (body.code, "There is no webhook body 4711" in body.err) == (2, True)
    assert (account.code, "There is no account named Nobody" in account.err) == (2, True)


def test_follow_applies_what_comes_in_until_it_is_asked_to_stop(told, database_18):
    connection, platform = told
    environment = {**os.environ, "WINDOWCAST_DATABASE_URL": database_18}
    command = [sys.executable, "-c", _MAIN, "webhooks", "reconcile", "--follow", "--json"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        _wait_until_applied(connection, 3)
        store_receipt(connection, platform.body(platform.wrote(8, milliseconds(read_clock(connection)))))
        _wait_until_applied(connection, 4)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()

    assert process.returncode == 0
    assert (json.loads(out)["bodies"], json.loads(out)["interactions"]) == (4, 3)


def _wait_until_applied(connection, count):
    give_up_at = time.monotonic() + 20
    statement = "SELECT count(*) AS n FROM receipt_inbox WHERE applied_at IS NOT NULL"
    while connection.execute(statement).fetchone()["n"] < count:
        assert time.monotonic() < give_up_at, "it did not come about in time"
        time.sleep(0.05)
