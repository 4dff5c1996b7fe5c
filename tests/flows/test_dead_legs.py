"""A process that sends, its worker, or the whole machine is killed: the campaign goes on, and nobody gets it twice."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from prefect_machine import flows_of, make_timed_campaign, wait_until

PEOPLE = 90
PER_SECOND = 6


@pytest.fixture
def campaign(shop, prefect_server, database_18):
    """A timed campaign of a quarter minute of sending, scheduled on the server; the sweep's worker looks after it."""
    people = range(200, 200 + PEOPLE)
    shop.people_write(people)
    with psycopg.connect(database_18) as connection:
        connection.execute("UPDATE windowcast.pace SET per_second = %s", [PER_SECOND])
    at = datetime.now(UTC) + timedelta(seconds=5)
    with prefect_server.used_here():
        return make_timed_campaign(database_18, shop.command.folder, people, at=at)


@pytest.fixture
def impatient(prefect_server):
    """Take a run for dead after twelve seconds without a beat; a run beats when it starts and every half minute."""
    rules = {rule["name"]: rule for rule in prefect_server.call("automations/filter", {})}
    silent = rules["windowcast: a silent run has crashed"]
    assert silent["trigger"]["within"] == 90
    _change(prefect_server, silent, within=12.0)
    yield
    _change(prefect_server, silent, within=90.0)


def _change(server, rule: dict, *, within: float) -> None:
    fields = (
        "name",
        "description",
        "enabled",
        "tags",
        "trigger",
        "actions",
        "actions_on_trigger",
        "actions_on_resolve",
    )
    body = {name: rule[name] for name in fields} | {"trigger": {**rule["trigger"], "within": within}}
    server.call(f"automations/{rule['id']}", body, method="PUT")


def _wait_for_sending(shop, campaign_id: str, *, more_than: int = 5) -> None:
    wait_until(lambda: len(shop.accepted()) > more_than, seconds=90, every=0.2)


def _finished(shop, campaign_id: str) -> bool:
    return shop.command.json("campaigns", "show", campaign_id)["state"] == "finished"


def _assert_nobody_twice(shop, campaign_id: str) -> None:
    """Everybody got it once, but for the few that were under way in a process that was killed: they are unknown."""
    copies = Counter(message.recipient_id for message in shop.accepted())
    by_state = shop.command.json("campaigns", "show", campaign_id)["by_state"]
    assert set(copies.values()) == {1}
    assert by_state["sent"] + by_state["unknown"] == PEOPLE
    assert by_state["sent"] <= len(copies) <= PEOPLE


def test_a_flow_process_that_is_killed_is_followed_by_a_run_that_goes_on(shop, prefect_server, campaign):
    with prefect_server.worker() as worker, prefect_server.worker(pool="windowcast-upkeep"):
        _wait_for_sending(shop, campaign)

        killed_at = time.monotonic()
        for process in flows_of(worker):
            process.kill()
        wait_until(lambda: len(_senders(prefect_server, campaign)) == 2, seconds=120)
        noticed = time.monotonic() - killed_at
        wait_until(lambda: _finished(shop, campaign), seconds=150)

    assert noticed < 120
    _assert_nobody_twice(shop, campaign)
    assert _ends(prefect_server, campaign) == {"COMPLETED": 1, "CRASHED": 1}


def test_a_machine_that_is_gone_is_noticed_by_its_silence(shop, prefect_server, campaign, impatient):
    with prefect_server.worker(pool="windowcast-upkeep"):
        with prefect_server.worker() as worker:
            _wait_for_sending(shop, campaign)
            # Stopped first, so that neither can do anything about the other's end.
            processes = flows_of(worker)
            for process in processes:
                process.suspend()
            worker.kill()
            for process in processes:
                process.kill()
        (dead,) = _senders(prefect_server, campaign)
        assert dead["state"]["type"] == "RUNNING"

        with prefect_server.worker():
            wait_until(lambda: _finished(shop, campaign), seconds=180)

    _assert_nobody_twice(shop, campaign)
    assert dead["id"] in {run["id"] for run in _senders(prefect_server, campaign) if run["state"]["type"] == "CRASHED"}


def _ends(server, campaign_id: str) -> Counter:
    return Counter(run["state"]["type"] for run in _senders(server, campaign_id))


def _senders(server, campaign_id: str) -> list[dict]:
    return [run for run in server.runs(campaign_id) if run["state"]["type"] != "SCHEDULED"]
