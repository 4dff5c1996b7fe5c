"""A night's report that is ready is told of, once, wherever people are told things."""

import json
import subprocess
import sys

import pytest
from prefect_machine import ROOT

from factories import user_id

# In a process of its own, as a worker runs them: of one account, and of all of them twice.
REPORTS = """
import asyncio, json
from flows.report_eligibility import report_eligibility
print(json.dumps([asyncio.run(report_eligibility(account=account)) for account in ("Shop", None, None)]))
"""


@pytest.fixture
def place(receiver, prefect_server, shop, monkeypatch):
    """A block of the server that leads to the receiver, named by the setting."""
    monkeypatch.setenv("PLACE_ADDRESS", receiver.address("ops"))
    made = prefect_server.windowcast("notify", "set-up", "slack", "--address-in", "PLACE_ADDRESS", "--name", "reports")
    assert made.returncode == 0, made.stderr
    monkeypatch.setenv("WINDOWCAST_NOTIFY_BLOCKS", "slack-webhook/reports")


@pytest.mark.usefixtures("place")
def test_people_are_told_once_that_the_nights_report_is_ready_and_where_it_is(shop, prefect_server, receiver):
    command = [sys.executable, "-c", REPORTS]
    environment = prefect_server.environment()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["kept", "was_kept", "was_kept"]
    (told,) = (told["text"] for told in receiver.told)
    night = shop.command.json("report", "eligibility")["night"]
    assert f"Who can be reached: {night}: the report is ready" in told
    assert "Shop: 10 can be reached now. Send at " in told
    assert all(f"eligibility-{night}.{kind}" in told for kind in ("html", "xlsx"))
    assert user_id(0) not in told


@pytest.mark.usefixtures("place")
def test_a_report_of_one_account_is_no_news(shop, prefect_server, receiver):
    code = REPORTS.replace('("Shop", None, None)', '("Shop",)')
    command, environment = [sys.executable, "-c", code], prefect_server.environment()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)

    assert (done.returncode, receiver.told) == (0, []), done.stderr
