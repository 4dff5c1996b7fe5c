"""A timed campaign and its run on a real server: both move together, and what people do by hand there is put right."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from prefect_machine import make_timed_campaign, wait_until

from factories import user_id


@pytest.fixture
def timed(shop, named_server, database_18):
    """A campaign in an hour, with its run; commands and checks of this process use the server of the session."""
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    campaign_id = make_timed_campaign(database_18, shop.command.folder, range(3), at=at)
    with psycopg.connect(database_18) as connection:  # a campaign of this minute is left alone by the sweep
        connection.execute("UPDATE windowcast.campaign SET created_at = created_at - interval '5 min'")
    return Timed(campaign_id, at, named_server, database_18)


class Timed:
    """The campaign, its time, and its runs as the server shows them."""

    def __init__(self, campaign_id: str, at: datetime, server, database: str) -> None:
        self.campaign_id = campaign_id
        self.at = at
        self.server = server
        self.database = database

    def waiting(self) -> list[datetime]:
        """The times of the runs that wait."""
        runs = self.server.runs(self.campaign_id)
        return sorted(_time(run) for run in runs if run["state"]["type"] == "SCHEDULED")

    def run_id(self) -> str:
        (run,) = [run for run in self.server.runs(self.campaign_id) if run["state"]["type"] == "SCHEDULED"]
        return run["id"]

    def sweep(self) -> list[str]:
        """Look after the runs as the sweep does; return the codes of what it found about this campaign."""
        from clients.postgres import connect
        from clients.settings import settings
        from tasks.timed_runs import check_runs

        with connect(self.database) as connection:
            found = check_runs(connection, chosen=settings()).findings
        return [one.code.value for one in found if one.campaign_id == UUID(self.campaign_id)]


def _time(run: dict) -> datetime:
    return datetime.fromisoformat(run["state"]["state_details"]["scheduled_time"])


def test_rescheduling_and_cancelling_move_the_campaign_and_its_run(shop, timed):
    later = timed.at + timedelta(hours=2)

    moved = shop.command.json("campaigns", "reschedule", timed.campaign_id, "--at", later.isoformat())
    after_moving = timed.waiting()
    back = shop.command.json("campaigns", "reschedule", timed.campaign_id, "--at", timed.at.isoformat())
    after_moving_back = timed.waiting()
    cancelled = shop.command.json("campaigns", "cancel", timed.campaign_id)

    assert datetime.fromisoformat(moved["scheduled_at"]) == later
    assert datetime.fromisoformat(back["scheduled_at"]) == timed.at
    assert (after_moving, after_moving_back, timed.waiting()) == ([later], [timed.at], [])
    assert cancelled["state"] == "cancelled"
    assert timed.sweep() == []


@pytest.mark.parametrize("how", ["deleted", "cancelled"])
def test_a_run_that_is_taken_away_by_hand_is_made_again_and_told(timed, how):
    run_id = timed.run_id()
    if how == "deleted":
        timed.server.call(f"flow_runs/{run_id}", method="DELETE")
    else:
        timed.server.call(f"flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLED"}, "force": True})

    found = timed.sweep()

    assert found == ["run_missing"]
    assert timed.waiting() == [timed.at]
    assert timed.run_id() != run_id
    assert timed.sweep() == []


def test_a_run_that_is_moved_by_hand_gives_way_to_one_at_the_campaigns_time(timed):
    wrong = (timed.at + timedelta(hours=3)).isoformat()
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": wrong}}
    timed.server.call(f"flow_runs/{timed.run_id()}/set_state", {"state": state, "force": True})

    found = timed.sweep()

    assert found == ["run_moved"]
    assert timed.waiting() == [timed.at]
    assert timed.sweep() == []


def test_a_run_that_is_doubled_by_hand_leaves_the_first_one(timed):
    run_id = timed.run_id()
    sender = timed.server.call("deployments/name/send-campaign/send-campaign", method="GET")
    for at in (timed.at, timed.at + timedelta(minutes=20)):
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": at.isoformat()}}
        double = {"parameters": {"campaign_id": timed.campaign_id}, "state": state}
        timed.server.call(f"deployments/{sender['id']}/create_flow_run", double)

    found = timed.sweep()

    assert found == ["run_doubled"]
    assert timed.run_id() == run_id
    assert timed.sweep() == []


def test_a_run_that_comes_early_and_one_of_a_cancelled_campaign_send_nothing_and_say_so(shop, timed):
    sender = timed.server.call("deployments/name/send-campaign/send-campaign", method="GET")
    path = f"deployments/{sender['id']}/create_flow_run"
    now = {"parameters": {"campaign_id": timed.campaign_id}, "state": {"type": "SCHEDULED"}}

    with timed.server.worker():
        early = timed.server.call(path, now)
        wait_until(lambda: _state(timed, early)["type"] == "CANCELLED", seconds=180)
        shop.command.json("campaigns", "cancel", timed.campaign_id)
        useless = timed.server.call(path, now)
        wait_until(lambda: _state(timed, useless)["type"] == "CANCELLED", seconds=180)

    assert "is timed for" in _state(timed, early)["message"]
    assert "is cancelled; this run sent nothing" in _state(timed, useless)["message"]
    assert shop.accepted() == []


def test_a_recurring_list_has_its_runs_ahead_and_none_after_it_is_stopped(shop, prefect_server, timed):
    file = shop.csv("again.csv", [(user_id(1), "Ada")])
    words = shop.words(file, "--every", "*/20 * * * *", "--time-zone", "Europe/Berlin")

    begun = shop.command.json("submit", *words)
    ahead = _tagged(prefect_server, begun["recurring_id"])
    listed = shop.command.json("recurring", "list")
    stopped = shop.command.json("recurring", "stop", begun["recurring_id"])

    expected = [datetime.fromisoformat(at) for at in begun["next"]]
    assert [_time(run) for run in ahead][:3] == expected
    assert max(_time(run) for run in ahead) <= datetime.now(UTC) + timedelta(minutes=65)
    assert {run["parameters"]["file"] for run in ahead} == {file}
    assert len({run["parameters"]["submission_id"] for run in ahead}) == len(ahead)
    assert listed == [begun]
    assert stopped == {"recurring_id": begun["recurring_id"], "stopped": True}
    assert {run["state"]["type"] for run in _tagged(prefect_server, begun["recurring_id"])} == {"CANCELLED"}
    assert shop.command.json("recurring", "list") == []


def test_each_run_of_a_recurring_list_reads_its_address_anew(shop, prefect_server, timed, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with _served(shop.command.folder) as site:
        shop.csv("again.csv", [(user_id(1), "Ada")])
        words = shop.words(f"{site}/again.csv", "--every", "*/20 * * * *", "--time-zone", "Europe/Berlin")
        begun = shop.command.json("submit", *words)
        first, second, third = _tagged(prefect_server, begun["recurring_id"])[:3]
        with prefect_server.worker():
            _run_now(prefect_server, first, until="COMPLETED")
            file = shop.csv("again.csv", [(user_id(2), "Bob")])
            _run_now(prefect_server, second, until="COMPLETED")
            Path(file).unlink()
            _run_now(prefect_server, third, until="FAILED")

    assert [message.recipient_id for message in shop.accepted()] == [user_id(1), user_id(2)]
    assert "/again.csv" in _state(timed, third)["message"]
    assert [one["recurring_id"] for one in shop.command.json("recurring", "list")] == [begun["recurring_id"]]


@contextmanager
def _served(folder: Path):
    """The files of a folder over HTTP: the address of where they are."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _run_now(server, run: dict, *, until: str) -> None:
    now = {"type": "SCHEDULED", "state_details": {"scheduled_time": datetime.now(UTC).isoformat()}}
    server.call(f"flow_runs/{run['id']}/set_state", {"state": now, "force": True})
    wait_until(
        lambda: server.call(f"flow_runs/{run['id']}", method="GET")["state"]["type"] in {until, "FAILED"}, seconds=120
    )
    assert server.call(f"flow_runs/{run['id']}", method="GET")["state"]["type"] == until


def _state(timed, run: dict) -> dict:
    return timed.server.call(f"flow_runs/{run['id']}", method="GET")["state"]


def _tagged(server, recurring_id: str) -> list[dict]:
    wanted = {"flow_runs": {"tags": {"all_": [f"recurring:{recurring_id}"]}}, "sort": "EXPECTED_START_TIME_ASC"}
    return server.call("flow_runs/filter", wanted)
