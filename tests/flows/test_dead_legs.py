"""A process that sends, its worker, or the whole machine is killed: the campaign goes on, and nobody gets it twice."""

import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from prefect_machine import flows_of, make_timed_campaign, set_pace, wait_until

from clients.prefect_server import open_server, take_anew

PEOPLE = 60
# A quarter minute of sending, so that something is left when a process ends; then a test makes haste.
SLOWLY = 4
FAST = 40


@pytest.fixture
def campaign(shop, prefect_server, database_18):
    """A timed campaign of a quarter minute of sending, scheduled on the server."""
    numbers = range(200, 200 + PEOPLE)
    _forget_what_earlier_tests_left(prefect_server)
    shop.people_write(numbers)
    set_pace(database_18, SLOWLY)
    at = datetime.now(UTC) + timedelta(seconds=5)
    with prefect_server.used_here():
        return make_timed_campaign(database_18, shop.command.folder, numbers, at=at)


@pytest.fixture
def short_lease(monkeypatch):
    """Let a message of a process that was killed be unknown after ten seconds; a campaign is not over before."""
    monkeypatch.setenv("WINDOWCAST_READ_TIMEOUT_SECONDS", "3")


@pytest.fixture
def impatient(prefect_server):
    """Take a run for dead after twelve seconds without a beat; a run beats when it starts and every half minute."""
    with _changed(prefect_server, "windowcast: a silent run has crashed", within=12.0) as silent:
        assert silent["trigger"]["within"] == 75
        yield


@pytest.fixture
def hasty(prefect_server):
    """Take a run anew that has been Pending for fifteen seconds; one begins within ten on a busy machine."""
    name = "windowcast: a run that is stuck before its start is taken anew"
    with _changed(prefect_server, name, within=15.0) as stuck:
        assert stuck["trigger"]["within"] == 75
        yield


@pytest.fixture
def deaf(prefect_server):
    """Let no automation hear of a crash, as when its event is lost: a server on SQLite gives up one at times."""
    rule = _rule(prefect_server, "windowcast: a silent run has crashed")
    heard = [event for event in rule["trigger"]["expect"] if event != "prefect.flow-run.Crashed"]
    with (
        _changed(prefect_server, "windowcast: a crashed send is looked after at once", enabled=False),
        _changed(prefect_server, rule["name"], expect=heard, within=12.0),
    ):
        yield


def _forget_what_earlier_tests_left(server) -> None:
    """End at once what the server would end by and by: a run whose worker is gone keeps its queue until then.

    A changed automation has forgotten what it saw, and such a run would keep it for ever.
    """
    with server.used_here(), open_server() as client:
        take_anew(client, held_for=timedelta(0))
    for run in server.runs():
        if run["state"]["type"] == "RUNNING" and run["deployment_id"]:
            server.call(f"flow_runs/{run['id']}/set_state", {"state": {"type": "CRASHED"}, "force": True})


def _rule(server, name: str) -> dict:
    (rule,) = [rule for rule in server.call("automations/filter", {}) if rule["name"] == name]
    return rule


@contextmanager
def _changed(server, name: str, *, enabled: bool = True, **trigger: object):
    """Change an automation for a while; yield it as it was."""
    rule = _rule(server, name)
    kept = ("name", "description", "tags", "actions", "actions_on_trigger", "actions_on_resolve")
    body = {field: rule[field] for field in kept}
    changed = {**body, "enabled": enabled, "trigger": {**rule["trigger"], **trigger}}
    server.call(f"automations/{rule['id']}", changed, method="PUT")
    _forget_what_earlier_tests_left(server)
    yield rule
    server.call(f"automations/{rule['id']}", {**body, "enabled": True, "trigger": rule["trigger"]}, method="PUT")


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


@pytest.mark.usefixtures("short_lease")
def test_a_flow_process_that_is_killed_is_followed_by_a_run_that_goes_on(shop, prefect_server, campaign, database_18):
    with prefect_server.worker() as worker, prefect_server.worker(pool="windowcast-upkeep"):
        _wait_for_sending(shop, campaign)

        killed_at = time.monotonic()
        for process in flows_of(worker):
            process.kill()
        set_pace(database_18, FAST)
        wait_until(lambda: len(_senders(prefect_server, campaign)) == 2, seconds=120)
        noticed = time.monotonic() - killed_at
        wait_until(lambda: _finished(shop, campaign), seconds=150)

    assert noticed < 120
    _assert_nobody_twice(shop, campaign)
    assert _ends(prefect_server, campaign) == {"COMPLETED": 1, "CRASHED": 1}


@pytest.mark.usefixtures("short_lease", "impatient")
def test_a_machine_that_is_gone_is_noticed_by_its_silence(shop, prefect_server, campaign, database_18):
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

        set_pace(database_18, FAST)
        with prefect_server.worker():
            wait_until(lambda: _finished(shop, campaign), seconds=180)

    _assert_nobody_twice(shop, campaign)
    assert dead["id"] in {run["id"] for run in _senders(prefect_server, campaign) if run["state"]["type"] == "CRASHED"}


@pytest.mark.usefixtures("short_lease", "deaf")
def test_a_crash_of_which_the_server_loses_the_event_is_noticed_by_its_silence(
    shop, prefect_server, campaign, database_18
):
    with prefect_server.worker() as worker, prefect_server.worker(pool="windowcast-upkeep"):
        _wait_for_sending(shop, campaign)
        for process in flows_of(worker):
            process.kill()
        set_pace(database_18, FAST)
        wait_until(lambda: _finished(shop, campaign), seconds=180)

    _assert_nobody_twice(shop, campaign)


@pytest.mark.usefixtures("hasty")
def test_a_run_whose_worker_dies_before_the_run_has_begun_is_taken_anew(shop, prefect_server, campaign, database_18):
    set_pace(database_18, FAST)
    with prefect_server.worker() as worker:
        wait_until(lambda: _states(prefect_server, campaign) == ["PENDING"], seconds=60, every=0.05)
        os.killpg(worker.pid, signal.SIGKILL)
    assert _states(prefect_server, campaign) == ["PENDING"]

    with prefect_server.worker():
        wait_until(lambda: _finished(shop, campaign), seconds=120)
        # The run ends some moments after its campaign.
        wait_until(lambda: _states(prefect_server, campaign) == ["COMPLETED"], seconds=30)

    _assert_nobody_twice(shop, campaign)


def test_a_sweep_whose_worker_dies_while_it_submits_it_does_not_keep_the_others_waiting(command, prefect_server, hasty):
    """Upkeep runs one at a time: the server lets nothing follow a run that is held in the step "Submitting"."""
    stuck = _new_sweep(prefect_server, {"type": "PENDING", "name": "Submitting"})
    now = {"scheduled_time": datetime.now(UTC).isoformat()}
    later = _new_sweep(prefect_server, {"type": "SCHEDULED", "state_details": now})

    with prefect_server.worker(pool="windowcast-upkeep"):
        # One of them does the work of all that are late, and cancels the others.
        wait_until(lambda: _is_over(prefect_server, later) and _is_over(prefect_server, stuck), seconds=120)


def test_what_was_taken_and_never_began_is_taken_anew_by_upkeep_after_a_while_only(prefect_server):
    held = _new_sweep(prefect_server, {"type": "PENDING", "name": "Submitting"})
    states = []
    with prefect_server.used_here(), open_server() as client:
        for how in ({}, {"held_for": timedelta(0)}):
            take_anew(client, **how)
            states.append(prefect_server.call(f"flow_runs/{held}", method="GET")["state"]["name"])

    assert states == ["Submitting", "Scheduled"]


def _new_sweep(server, state: dict) -> str:
    """Make a run of the sweep in a state; return its id."""
    (sweep,) = [one for one in server.call("deployments/filter", {}) if one["name"] == "sweep-campaigns"]
    return server.call(f"deployments/{sweep['id']}/create_flow_run", {"state": state})["id"]


def _is_over(server, run_id: str) -> bool:
    return server.call(f"flow_runs/{run_id}", method="GET")["state"]["type"] in {"COMPLETED", "CANCELLED"}


def test_a_worker_that_is_asked_to_stop_while_a_flow_sends_leaves_nothing_unknown(
    shop, prefect_server, campaign, database_18
):
    with prefect_server.worker(ours=True) as worker:
        _wait_for_sending(shop, campaign)
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(timeout=60)
    (stopped,) = prefect_server.runs(campaign)
    first = len(shop.accepted())
    set_pace(database_18, FAST)
    with prefect_server.worker(), prefect_server.worker(pool="windowcast-upkeep"):
        wait_until(lambda: _finished(shop, campaign), seconds=120)

    assert code == 0
    assert stopped["state"]["type"] == "FAILED"
    assert stopped["state"]["message"].startswith("Stopped as asked; ")
    assert first < PEOPLE
    _assert_nobody_twice(shop, campaign)
    assert shop.command.json("campaigns", "show", campaign)["by_state"]["unknown"] == 0


def test_a_run_whose_worker_alone_is_killed_ends_in_good_order_and_another_goes_on(
    shop, prefect_server, campaign, database_18
):
    with prefect_server.worker() as worker:
        _wait_for_sending(shop, campaign)
        (run,) = flows_of(worker)
        worker.kill()
        gone, _ = psutil.wait_procs([run], timeout=60)
    (stopped,) = prefect_server.runs(campaign)
    first = len(shop.accepted())
    set_pace(database_18, FAST)
    with prefect_server.worker(), prefect_server.worker(pool="windowcast-upkeep"):
        wait_until(lambda: _finished(shop, campaign), seconds=120)

    assert gone == [run]
    assert stopped["state"]["type"] == "FAILED"
    assert stopped["state"]["message"].startswith("Stopped as asked; ")
    assert first < PEOPLE
    _assert_nobody_twice(shop, campaign)
    assert shop.command.json("campaigns", "show", campaign)["by_state"]["unknown"] == 0


def _states(server, campaign_id: str) -> list[str]:
    return [run["state"]["type"] for run in server.runs(campaign_id)]


def _ends(server, campaign_id: str) -> Counter:
    return Counter(run["state"]["type"] for run in _senders(server, campaign_id))


def _senders(server, campaign_id: str) -> list[dict]:
    return [run for run in server.runs(campaign_id) if run["state"]["type"] != "SCHEDULED"]
