"""History on the command line: conversations of the platform are read, and a table of the team's judges and sends."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from clients.settings import settings
from factories import user_id

THEIR_TABLE = """
CREATE SCHEMA crm;
CREATE TABLE crm.events (page text, psid text, type text, happened timestamptz)
"""
COLUMNS = "account=page,user_id=psid,kind=type,occurred_at=happened"


def test_backfill_reads_who_wrote_and_says_what_it_cannot_see(shop):
    now = datetime.now(UTC)
    for number in range(20, 23):
        at = (now - timedelta(minutes=number)).isoformat()
        shop.platform.people_write([{"account": shop.page, "user_id": user_id(number), "occurred_at": at}])
    tapped = {"account": shop.page, "user_id": user_id(30), "kind": "postback"}
    shop.platform.people_write([tapped])

    read = shop.command.json("interactions", "backfill", "Shop")
    again = shop.command("interactions", "backfill", "Shop")

    # Ten wrote an hour ago, and a file told of them without ids; three more have written since.
    assert (read["people"], read["silent"], read["skipped"]) == (13, 0, 0)
    assert read["added"] == 13
    assert read["newest_at"].startswith((now - timedelta(minutes=20)).strftime("%Y-%m-%dT%H:%M"))
    assert again.code == 0
    assert "(0 were not known)" in again.out
    assert "only tapped a button" in again.err
    checked = shop.command.json(
        "check", *shop.words(template="plain"), "--to", user_id(21), "--to", user_id(30), code=0
    )
    assert checked["by_reason"] == {"never_interacted": 1}


def test_backfill_with_a_dead_token_ends_with_one_sentence_and_6(shop):
    shop.platform.add_fault("token_dead", account=shop.page, call="conversations")

    ended = shop.command("interactions", "backfill", "Shop")

    assert ended.code == 6
    assert "refuses to show conversations of Shop (code 190" in ended.err
    assert shop.command("interactions", "backfill", "Nobody").code == 2


@pytest.fixture
def theirs(shop, database_18, monkeypatch):
    """The shop with a table of its own that tells of one person more."""
    with psycopg.connect(database_18, autocommit=True) as connection:
        connection.execute(THEIR_TABLE)
        connection.execute("INSERT INTO crm.events VALUES (%s, %s, 'message', now())", [shop.page, user_id(50)])
    at = datetime.now(UTC).isoformat()
    shop.platform.people_write([{"account": shop.page, "user_id": user_id(50), "occurred_at": at}])
    monkeypatch.setenv("WINDOWCAST_INTERACTIONS_TABLE", "crm.events")
    monkeypatch.setenv("WINDOWCAST_INTERACTIONS_COLUMNS", COLUMNS)
    settings.cache_clear()
    return shop


def test_a_person_whom_only_their_table_knows_is_judged_and_sent_to(theirs):
    words = [*theirs.words(template="plain"), "--to", user_id(50)]

    checked = theirs.command.json("check", *words)
    sent = theirs.command.json("submit", *words, "--yes")

    assert checked["eligible_now"] == 1
    assert sent["by_state"]["sent"] == 1
    assert "crm.events" not in theirs.command("doctor").err


def test_a_mapping_that_does_not_fit_is_told_by_check_submit_and_doctor(theirs, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_INTERACTIONS_COLUMNS", COLUMNS.replace("psid", "psd"))
    settings.cache_clear()
    words = [*theirs.words(template="plain"), "--to", user_id(50)]

    ended = [theirs.command(*command) for command in (["check", *words], ["submit", *words, "--yes"], ["doctor"])]

    assert [one.code for one in ended] == [2, 2, 6]
    for one in ended:
        assert "crm.events has no column psd (it has: page, psid, type, happened); correct" in one.err
