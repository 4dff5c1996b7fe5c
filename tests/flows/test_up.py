"""`windowcast up` as its users meet it: one command in one terminal, the others in another, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import psutil
import psycopg
import pytest
from prefect_machine import COMMAND, ROOT, wait_until

import servers
from cli.children import Children, Command
from clients.settings import settings
from command_line import own_prefect
from domain.errors import ServiceAwayError
from factories import user_id

# In place of the one of the other flows: each installation here has a server of its own, so none is shared.
__all__ = ["own_prefect"]


@pytest.fixture(params=["installed 15"] if servers.found_15() else [])
def prefect_postgres(request, running_servers):
    """An empty database where pg_trgm is at hand, which the embedded Postgres has not."""
    server = running_servers(request.param)
    name = server.create(template="template0")
    yield server.url(name)
    server.drop(name)


class Up:
    """A running `windowcast up`: its process, what it printed, and what it said."""

    def __init__(self, process: subprocess.Popen, folder) -> None:
        self.process = process
        self._folder = folder

    @property
    def printed(self) -> str:
        return (self._folder / "up.out").read_text()

    @property
    def said(self) -> str:
        return (self._folder / "up.err").read_text()

    @property
    def addresses(self) -> dict:
        return json.loads(self.printed)

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


@contextmanager
def running_up(folder, *words: str):
    """Start it on free ports, and see that it ends."""
    with (folder / "up.out").open("w") as out, (folder / "up.err").open("w") as err:
        ports = ["--port", "0", "--receiver-port", "0", "--sandbox-port", "0"]
        process = subprocess.Popen(
            [*COMMAND, "up", "--json", *ports, *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=folder, stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip
        up = Up(process, folder)
        try:
            wait_until(lambda: up.printed or process.poll() is not None, seconds=180)
            assert process.poll() is None, up.said
            yield up
        finally:
            if process.poll() is None:
                up.stop(signal.SIGTERM)


def _windowcast(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


def test_one_command_runs_an_installation_that_the_others_find_and_leaves_nothing(shop):
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in range(3)])
    folder = shop.command.folder

    with running_up(folder) as first:
        second = _windowcast("up")
        at = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")
        submitted = _windowcast("submit", *shop.words(file, "--at", at, "--name", "Later"), "--yes", "--json")
        (upkeep,) = [process for process in first.family() if "windowcast-upkeep" in process.cmdline()]
        upkeep.kill()
        wait_until(lambda: "upkeep has ended (exit -9) and is started again." in first.said, seconds=30)
        wait_until(lambda: any("windowcast-upkeep" in one.cmdline() for one in first.family()), seconds=30)
        family = first.family()
        code = first.stop(signal.SIGINT)

    assert code == 0, first.said
    assert (second.returncode, second.stdout) == (2, "")
    assert "`windowcast up` runs already for" in second.stderr
    assert submitted.returncode == 0, submitted.stderr
    assert json.loads(submitted.stdout)["state"] == "scheduled"
    assert first.addresses["receiver_url"] is None  # nobody set its secrets
    assert first.addresses["database_url"] == os.environ["WINDOWCAST_DATABASE_URL"]
    assert [process for process in family if process.is_running()] == []
    assert "worker   | " in first.said
    with running_up(folder, "--sandbox") as again:
        readiness = httpx.get(f"{again.addresses['receiver_url']}/readyz", trust_env=False)
        runs = httpx.post(f"{again.addresses['prefect_api_url']}/flow_runs/filter", json={}, trust_env=False).json()
        at = (datetime.now(UTC) + timedelta(seconds=8)).isoformat(timespec="seconds")
        soon = _windowcast("submit", *shop.words(file, "--at", at, "--name", "Soon", "--again"), "--yes", "--json")
        truth = f"{again.addresses['sandbox_url']}/sandbox/summary"
        wait_until(lambda: httpx.get(truth, trust_env=False).json()["accepted"] == 3, seconds=60)
        family = again.family()
        again.process.kill()
        wait_until(lambda: not [process for process in family if process.is_running()], seconds=60)
    assert readiness.is_success
    assert soon.returncode == 0, soon.stderr
    assert [run["name"] for run in runs if run["name"].startswith("send Later, ")]


def test_a_server_for_others_needs_a_login_and_a_port_in_use_gets_a_sentence(shop):
    open_door = shop.command("up", "--host", "0.0.0.0", "--port", "0")
    taken = shop.command("up", "--port", shop.platform.url.rpartition(":")[2])

    assert (open_door.code, taken.code) == (2, 2)
    assert "set PREFECT_SERVER_API_AUTH_STRING to user:password" in open_door.err
    assert "cannot be used (address already in use): choose another one with --port" in taken.err


def test_a_server_for_others_is_started_with_its_login_and_against_forged_requests(monkeypatch):
    """Its environment is looked at, since a server under test listens on this machine alone."""
    from cli.up import _login

    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ops:CANARY-login")
    monkeypatch.setenv("PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED", "false")
    monkeypatch.setenv("PREFECT_UI_API_URL", "to be put back")
    monkeypatch.delenv("PREFECT_UI_API_URL")

    login = _login("0.0.0.0")

    assert login == "ops:CANARY-login"
    assert os.environ["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] == "true"
    assert os.environ["PREFECT_UI_API_URL"] == "/api"


def test_the_prefect_server_keeps_its_tables_in_postgres_if_told_so_and_nothing_elsewhere(
    shop, monkeypatch, prefect_postgres
):
    own = prefect_postgres
    monkeypatch.setenv("WINDOWCAST_PREFECT_DATABASE_URL", own)
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ops:CANARY-login")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ops:CANARY-login")
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in range(3)])
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds")

    with running_up(shop.command.folder) as up:
        submitted = _windowcast("submit", *shop.words(file, "--at", at, "--name", "Later"), "--yes", "--json")
        closed = httpx.post(f"{up.addresses['prefect_api_url']}/flow_runs/filter", json={}, trust_env=False)
        code = up.stop(signal.SIGINT)

    assert (submitted.returncode, code, closed.status_code) == (0, 0, 401), submitted.stderr
    with psycopg.connect(own) as connection:
        names = connection.execute("SELECT name FROM flow_run WHERE name LIKE 'send Later%'").fetchall()
    assert len(names) == 1
    assert list((shop.command.folder / "home").rglob("prefect.db*")) == []


def test_a_database_that_the_prefect_server_cannot_use_is_told_before_anything_is_started(
    shop, running_servers, monkeypatch, database_18
):
    embedded = running_servers("embedded 18")
    blank = embedded.create(template="template0")
    said = []
    for url in (database_18, embedded.url(blank), "postgresql://ops:CANARY-password@127.0.0.1:9/prefect"):
        monkeypatch.setenv("WINDOWCAST_PREFECT_DATABASE_URL", url)
        settings.cache_clear()
        done = shop.command("up", "--port", "0", "--receiver-port", "0")
        said.append((done.code, done.out, done.err))

    assert [(code, out) for code, out, _ in said] == [(2, "")] * 3
    assert "names the database that Windowcast itself uses" in said[0][2]
    assert "lacks the extension pg_trgm" in said[1][2]
    assert "cannot be opened (OperationalError)" in said[2][2]
    assert "CANARY" not in said[2][2]


def test_a_worker_that_is_over_ends_though_a_thread_of_it_waits_for_ever():
    waits = "import threading; threading.Thread(target=threading.Event().wait).start()"
    ends = "from deployments.ending import end_within; end_within(0.2)"

    done = subprocess.run([sys.executable, "-c", f"{waits}; {ends}"], cwd=ROOT, timeout=60, check=False)

    assert done.returncode == 1


@pytest.mark.parametrize("heeds", [True, False], ids=["ends when asked", "does not"])
def test_a_run_whose_worker_was_killed_ends_soon(heeds):
    run = (
        "import os, signal, time; from deployments.ending import when_gone; "
        "from deployments.prefect_run import end_in_good_order; "
        f"{'' if heeds else 'signal.signal(signal.SIGTERM, signal.SIG_IGN); '}"
        "when_gone(os.getppid(), lambda: end_in_good_order(within_seconds=2)); "
        "print('runs', flush=True); time.sleep(600)"
    )
    worker = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {run!r}])"
    with subprocess.Popen([sys.executable, "-c", worker], cwd=ROOT, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        (only,) = psutil.Process(process.pid).children()
        process.kill()
        _, left = psutil.wait_procs([only], timeout=60)
        for one in left:
            one.kill()

    assert left == []


def test_a_job_that_fails_is_named_and_one_that_is_still_running_is_stopped_with_everything():
    before = set(psutil.Process().children())
    children = Children(dict(os.environ))
    children.start_job(Command("lasting", (sys.executable, "-c", "import time; time.sleep(600)")))
    (lasting,) = set(psutil.Process().children()) - before
    failing = Children(dict(os.environ))
    failing.start_job(Command("deploy", (sys.executable, "-c", "raise SystemExit(3)")))

    with pytest.raises(ServiceAwayError, match=r"`deploy` failed \(exit 3\); its lines above say why"):
        failing.finish_jobs()
    children.stop_all(first=[])
    failing.stop_all(first=[])

    assert not lasting.is_running()


def test_a_child_that_always_dies_stops_everything():
    before = set(psutil.Process().children(recursive=True))
    children = Children(dict(os.environ))
    children.start(Command("steady", (sys.executable, "-c", "import time; time.sleep(60)")))
    children.start(Command("hasty", (sys.executable, "-c", "raise SystemExit(3)")))
    family = set(psutil.Process().children(recursive=True)) - before

    try:
        children.watch()
        raise AssertionError("it went on")
    except ServiceAwayError as error:
        sentence = str(error)
    finally:
        children.stop_all(first=[])

    assert "hasty has ended 5 times within a minute (exit 3)" in sentence
    assert family
    assert [process for process in family if process.is_running()] == []
