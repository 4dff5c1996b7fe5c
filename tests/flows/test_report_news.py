"""A night's report of all accounts is told of, once, wherever people are told things."""

import asyncio

import pytest

from factories import user_id


@pytest.fixture
def place(receiver, named_server, shop, monkeypatch):
    """A block of the server that leads to the receiver, named by the setting."""
    from clients.settings import settings

    monkeypatch.setenv("PLACE_ADDRESS", receiver.address("ops"))
    made = shop.command("notify", "set-up", "slack", "--address-in", "PLACE_ADDRESS", "--name", "reports")
    assert made.code == 0, made.err
    monkeypatch.setenv("WINDOWCAST_NOTIFY_BLOCKS", "slack-webhook/reports")
    settings.cache_clear()


@pytest.mark.usefixtures("place")
def test_people_are_told_once_that_the_nights_report_is_ready_and_where_it_is_and_not_of_one_account(shop, receiver):
    from flows.report_eligibility import report_eligibility

    of_one = asyncio.run(report_eligibility(account="Shop"))
    told_of_one = list(receiver.told)
    of_all = [asyncio.run(report_eligibility()) for _ in range(2)]

    assert (of_one, of_all) == ("kept", ["was_kept", "was_kept"])
    assert told_of_one == []
    (told,) = (told["text"] for told in receiver.told)
    night = shop.command.json("report", "eligibility")["night"]
    assert f"Who can be reached: {night}: the report is ready" in told
    assert "Shop: 10 can be reached now. Send at " in told
    assert all(f"eligibility-{night}.{kind}" in told for kind in ("html", "xlsx"))
    assert user_id(0) not in told
