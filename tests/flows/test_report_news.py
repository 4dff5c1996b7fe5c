"""A night's report that is ready is told of, once, wherever people are told things."""

import asyncio

import pytest

from clients.settings import settings
from factories import user_id


@pytest.fixture
def place(receiver, prefect_server, shop, monkeypatch):
    """A block of the server that leads to the receiver, named by the setting."""
    monkeypatch.setenv("PLACE_ADDRESS", receiver.address("ops"))
    made = prefect_server.windowcast("notify", "set-up", "slack", "--address-in", "PLACE_ADDRESS", "--name", "reports")
    assert made.returncode == 0, made.stderr
    monkeypatch.setenv("WINDOWCAST_NOTIFY_BLOCKS", "slack-webhook/reports")
    settings.cache_clear()


@pytest.mark.usefixtures("place")
def test_people_are_told_once_that_the_nights_report_is_ready_and_where_it_is(shop, prefect_server, receiver):
    with prefect_server.used_here():
        from flows.report_eligibility import report_eligibility

        one_account = asyncio.run(report_eligibility(account="Shop"))
        told_of_one_account = list(receiver.told)
        kept = [asyncio.run(report_eligibility()) for _ in range(2)]

    assert (one_account, told_of_one_account, kept) == ("kept", [], ["was_kept", "was_kept"])
    (told,) = (told["text"] for told in receiver.told)
    night = shop.command.json("report", "eligibility")["night"]
    assert f"Who can be reached: {night}: the report is ready" in told
    assert "Shop: 10 can be reached now. Send at " in told
    assert all(f"eligibility-{night}.{kind}" in told for kind in ("html", "xlsx"))
    assert user_id(0) not in told
