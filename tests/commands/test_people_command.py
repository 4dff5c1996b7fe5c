"""The commands about people's data, as their users meet them."""

from datetime import date, timedelta

import pytest

from clients.settings import settings
from factories import user_id


@pytest.fixture
def key(shop, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_ERASURE_KEY", "a key of the tests")
    settings.cache_clear()


def test_erasing_without_a_key_says_so_before_anything_else(shop):
    told = shop.command.json("people", "erase", user_id(1), "--yes", code=2)

    assert told["error"]["code"] == "configuration"
    assert "WINDOWCAST_ERASURE_KEY is not set" in told["error"]["text"]


def test_a_key_that_is_too_short_is_refused_without_being_shown(shop, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_ERASURE_KEY", "short")
    settings.cache_clear()

    result = shop.command("people", "erase", user_id(1), "--yes")

    assert result.code == 2
    assert "WINDOWCAST_ERASURE_KEY cannot be right" in result.err
    assert "short'" not in result.err + result.out


@pytest.mark.usefixtures("key")
def test_a_person_is_erased_and_gets_no_campaign_any_more(shop):
    file = shop.csv("list.csv", [(user_id(1), "Ada"), (user_id(2), "Bo")])
    first = shop.command.json("submit", *shop.words(file), "--yes")

    asked = shop.command.json("people", "erase", user_id(1), code=2)
    erased = shop.command.json("people", "erase", user_id(1), "--yes")
    again = shop.command.json("submit", *shop.words(file), "--yes", "--again")
    unknown = shop.command.json("people", "erase", "4711", "--yes", code=2)

    assert first["by_state"]["sent"] == 2
    assert "add --yes" in asked["error"]["text"]
    assert (erased["accounts"], erased["messages"], erased["files"]) == (["Shop"], 1, 1)
    assert (again["by_state"]["sent"], again["by_reason"]) == (1, {"erased": 1})
    assert unknown["error"]["code"] == "not_found"
    assert [message.recipient_id for message in shop.accepted()].count(user_id(1)) == 1
    shown = shop.command.json("messages", first["campaign_id"])
    assert user_id(1) not in str(shown)
    assert shown[0]["state"] == "sent"


def test_the_maintenance_says_what_it_did(shop):
    written = {act["occurred_at"][:10] for act in shop.command.json("interactions", "list", "--account", "Shop")}
    report = shop.command.json("db", "maintain")
    again = shop.command("db", "maintain")

    today = str(date.fromisoformat(report["made"][-1]) - timedelta(days=14))
    past = [day for day in report["made"] if day < today]
    assert len(report["made"]) - len(past) == 15
    assert past == [day for day in written if day < today]  # they wrote an hour ago, which may have been yesterday
    assert report["moved"] == 10
    assert set(report["deleted"].values()) == {0}
    assert "got a partition: 0" in again.out
    assert shop.command.json("people", "requests") == []
    findings = shop.command.json("doctor", code=6)["findings"]  # the tests' server does not sync, for speed
    assert [one for one in findings if "fsync" not in one] == []
