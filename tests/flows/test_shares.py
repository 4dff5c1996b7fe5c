"""One campaign, several runs on a real server: as many as were asked for, nobody twice, and none left over."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from prefect_machine import ROOT, make_timed_campaign, set_pace, wait_until

from factories import user_id

PEOPLE = 120
# Half a minute of sending, so that a run which is slow to start finds some left; then a test makes haste.
SLOWLY = 4
FAST = 40


@pytest.fixture
def crowd(shop, database_18, named_server):
    """People for half a minute of sending; the commands and checks of this process use the server of the session."""
    people = range(400, 400 + PEOPLE)
    shop.people_write(people)
    set_pace(database_18, SLOWLY)
    yield people
    for run in _waiting(named_server.runs()):  # they would come to the workers of other tests
        if "further-run" in run["tags"]:
            named_server.call(f"flow_runs/{run['id']}", method="DELETE")


def test_as_many_runs_as_were_asked_for_send_a_campaign_and_the_one_without_a_worker_is_called_off(
    shop, prefect_server, crowd, database_18
):
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in crowd])
    at = datetime.now(UTC) + timedelta(seconds=8)
    with prefect_server.worker(limit=1), prefect_server.worker(limit=1):
        words = shop.words(file, "--at", at.isoformat(), "--shares", "3", "--name", "Shared")
        campaign_id = shop.command.json("submit", *words, "--yes")["campaign_id"]
        wait_until(lambda: len(_messages_by_worker()) == 2, seconds=90)
        set_pace(database_18, FAST)
        wait_until(lambda: _is_done(shop, prefect_server, campaign_id), seconds=90)

    runs = prefect_server.runs(campaign_id)
    name = f"send Shared, {at:%Y-%m-%d %H:%M} UTC"
    assert Counter(run["name"] for run in runs) == Counter([name, f"{name} (run 2 of 3)", f"{name} (run 3 of 3)"])
    assert Counter(run["state"]["type"] for run in runs) == {"COMPLETED": 2, "CANCELLED": 1}
    (called_off,) = [run["state"]["message"] for run in runs if run["state"]["type"] == "CANCELLED"]
    assert called_off == "The campaign is over: others have sent what there was."
    copies = Counter(message.recipient_id for message in shop.accepted())
    assert (len(copies), set(copies.values())) == (PEOPLE, {1})
    assert {run["work_queue_name"] for run in runs if "further-run" in run["tags"]} == {"further"}
    assert len(_messages_by_worker()) == 2


def _is_done(shop, server, campaign_id: str) -> bool:
    """Every run has ended: who finds the campaign over may be a moment behind who finishes it."""
    over = {"COMPLETED", "CANCELLED", "FAILED", "CRASHED"}
    return shop.command.json("campaigns", "show", campaign_id)["state"] == "finished" and all(
        run["state"]["type"] in over for run in server.runs(campaign_id)
    )


def _messages_by_worker() -> Counter:
    from clients.postgres import connect
    from clients.settings import settings

    with connect(settings().database_url.get_secret_value()) as connection:
        return Counter(row["worker"] for row in connection.execute("SELECT worker FROM attempt"))


def test_asking_again_makes_no_further_run_twice_and_fills_the_place_of_one_that_is_over(
    shop, prefect_server, crowd, database_18
):
    campaign_id = make_timed_campaign(database_18, shop.command.folder, crowd, at=_in_an_hour())

    first, again, by_more = [_make_further_runs(database_18, campaign_id, shares=shares) for shares in (3, 3, 4)]
    made = _further(prefect_server, campaign_id)
    gone = next(run for run in made if run["name"].endswith("(run 2 of 3)"))
    prefect_server.call(f"flow_runs/{gone['id']}/set_state", {"state": {"type": "CANCELLED"}, "force": True})
    resumed = _make_further_runs(database_18, campaign_id, shares=3)

    assert (first, again, by_more, resumed) == (2, 2, 3, 2)
    assert len(made) == 3
    assert len(_waiting(_further(prefect_server, campaign_id))) == 3
    assert {run["parameters"]["shares"] for run in made} == {1}


def test_further_runs_are_no_doubles_to_the_sweep_and_go_with_a_cancelled_campaign(
    shop, prefect_server, crowd, database_18
):
    campaign_id = make_timed_campaign(database_18, shop.command.folder, crowd, at=_in_an_hour())
    _make_further_runs(database_18, campaign_id, shares=3)
    with psycopg.connect(database_18) as connection:  # a campaign of this minute is left alone by the sweep
        connection.execute("UPDATE windowcast.campaign SET created_at = created_at - interval '5 min'")

    found = _sweep(database_18)
    waiting = len(_waiting(prefect_server.runs(campaign_id)))
    shop.command.json("campaigns", "cancel", campaign_id)

    assert found == []
    assert waiting == 3
    assert _waiting(prefect_server.runs(campaign_id)) == []


def test_a_further_run_that_comes_when_nothing_is_sent_any_more_says_so(shop, prefect_server, crowd, database_18):
    campaign_id = make_timed_campaign(database_18, shop.command.folder, crowd, at=_in_an_hour())
    _make_further_runs(database_18, campaign_id, shares=2)
    shop.command.json("campaigns", "pause", campaign_id)

    with prefect_server.worker():
        wait_until(lambda: not _waiting(_further(prefect_server, campaign_id)), seconds=60)
        wait_until(lambda: _further(prefect_server, campaign_id)[0]["state"]["type"] == "CANCELLED", seconds=60)

    (run,) = _further(prefect_server, campaign_id)
    assert run["state"]["message"].endswith(" is paused; this run sent nothing.")
    assert shop.accepted() == []


def test_a_worker_of_the_further_runs_leaves_first_runs_to_others(shop, prefect_server, crowd, database_18):
    at = datetime.now(UTC) + timedelta(seconds=1)
    campaign_id = make_timed_campaign(database_18, shop.command.folder, crowd, at=at)
    _make_further_runs(database_18, campaign_id, shares=2)
    shop.command.json("campaigns", "pause", campaign_id)

    with prefect_server.worker(ours=True, queue="further", limit=1):
        wait_until(lambda: not _waiting(_further(prefect_server, campaign_id)), seconds=60)

    (first,) = [run for run in prefect_server.runs(campaign_id) if "further-run" not in run["tags"]]
    assert first["state"]["name"] in ("Scheduled", "Late")


def test_a_worker_that_is_drained_first_leaves_nothing_unknown(shop, prefect_server, crowd, database_18):
    at = datetime.now(UTC) + timedelta(seconds=2)
    campaign_id = make_timed_campaign(database_18, shop.command.folder, crowd, at=at)

    with prefect_server.worker() as worker:
        wait_until(lambda: len(shop.accepted()) > 5, seconds=60, every=0.2)
        drained = subprocess.run(
            [sys.executable, "-m", "deployments.drain", str(worker.pid)], cwd=ROOT, timeout=60, check=False
        )
        was_alive = worker.poll() is None
        (run,) = prefect_server.runs(campaign_id)

    shown = shop.command.json("campaigns", "show", campaign_id)["by_state"]
    assert (drained.returncode, was_alive) == (0, True)
    assert (run["state"]["type"], run["state"]["message"][:16]) == ("FAILED", "Stopped as asked")
    assert (shown["sending"], shown["unknown"], shown["sent"]) == (0, 0, len(shop.accepted()))
    assert shown["sent"] + shown["ready"] == PEOPLE


def _make_further_runs(database: str, campaign_id: str, *, shares: int) -> int:
    from clients.postgres import connect
    from clients.settings import settings
    from tasks.further_runs import make_further_runs

    with connect(database) as connection:
        return make_further_runs(connection, UUID(campaign_id), shares=shares, chosen=settings())


def _sweep(database: str) -> list[str]:
    from clients.postgres import connect
    from clients.settings import settings
    from tasks.timed_runs import check_runs

    with connect(database) as connection:
        return [one.code.value for one in check_runs(connection, chosen=settings()).findings]


def _further(server, campaign_id: str) -> list[dict]:
    return [run for run in server.runs(campaign_id) if "further-run" in run["tags"]]


def _waiting(runs: list[dict]) -> list[dict]:
    return [run for run in runs if run["state"]["type"] == "SCHEDULED"]


def _in_an_hour() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
