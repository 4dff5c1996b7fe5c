"""With a Prefect server the flows run there; tokens are seen nowhere, neither there nor in what commands print."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from factories import TOKEN, user_id

ROOT = Path(__file__).parents[2]


@pytest.fixture
def prefect_server(tmp_path):
    """A Prefect server of its own on loopback: its API's address and its home."""
    home = tmp_path / "prefect-server"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}/api"
            _wait_until_healthy(url)
            yield url, home
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=20)


def _wait_until_healthy(url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health", trust_env=False, timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.3)
    pytest.fail("the Prefect server did not start within a minute")


def test_a_submit_runs_on_the_named_server_and_no_token_is_left_anywhere(shop, prefect_server):
    url, home = prefect_server
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in range(5)])
    environment = {**os.environ, "PREFECT_API_URL": url, "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(home / "client")}

    done = subprocess.run(
        [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())", "submit",
         *shop.words(file), "--yes", "--json"],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    runs = httpx.post(f"{url}/flow_runs/filter", json={}, trust_env=False).json()
    artifacts = httpx.post(f"{url}/artifacts/filter", json={}, trust_env=False).json()
    assert done.returncode == 0, done.stderr
    assert len(shop.accepted()) == 5
    assert {run["state"]["type"] for run in runs} == {"COMPLETED"}
    assert any(run["name"].startswith("submit sale to Shop") for run in runs)
    assert {artifact["type"] for artifact in artifacts} == {"progress", "markdown"}
    assert TOKEN not in done.stdout + done.stderr
    _assert_nowhere(TOKEN, shop.command.folder)


def test_a_timed_campaign_is_started_by_a_worker_of_the_server(shop, prefect_server):
    url, home = prefect_server
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in range(3)])
    environment = {**os.environ, "PREFECT_API_URL": url, "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(home / "client")}
    environment["PREFECT_WORKER_QUERY_SECONDS"] = "1"
    _prefect(environment, "work-pool", "create", "windowcast", "--type", "process")
    _prefect(environment, "deploy", "--prefect-file", "deployments/prefect.yaml", "--all")
    with _worker(environment, home):
        at = datetime.now(UTC) + timedelta(seconds=30)

        submitted = subprocess.run(
            [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())", "submit",
             *shop.words(file, "--at", at.isoformat()), "--yes", "--json"],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert submitted.returncode == 0, submitted.stderr
        campaign_id = json.loads(submitted.stdout)["campaign_id"]
        _wait_until(lambda: shop.command.json("campaigns", "show", campaign_id)["state"] == "finished", seconds=90)

    assert json.loads(submitted.stdout)["state"] == "scheduled"
    assert shop.command.json("campaigns", "show", campaign_id)["by_state"]["sent"] == 3
    assert min(message.platform_ms for message in shop.accepted()) >= at.timestamp() * 1000


def test_a_sweep_of_the_server_sends_to_whom_a_campaign_has_waited_for(shop, prefect_server, database_18):
    url, home = prefect_server
    file = shop.csv("list.csv", [(user_id(77), "Ada")])
    environment = {**os.environ, "PREFECT_API_URL": url, "PYTHONPATH": str(ROOT), "PREFECT_HOME": str(home / "client")}
    environment["PREFECT_WORKER_QUERY_SECONDS"] = "1"
    until = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    submitted = shop.command("submit", *shop.words(file, "--hold-until", until), "--yes", "--json")
    assert (submitted.code, submitted.json["held"]) == (6, 1), submitted.err
    shop.people_write([77], hours_ago=0)
    # As if its run had been over for an hour.
    with psycopg.connect(database_18) as connection:
        connection.execute("UPDATE windowcast.campaign SET started_at = started_at - interval '1 h'")

    _prefect(environment, "work-pool", "create", "windowcast", "--type", "process")
    _prefect(environment, "deploy", "--prefect-file", "deployments/prefect.yaml", "--all")
    with _worker(environment, home):
        _prefect(environment, "deployment", "run", "sweep-campaigns/sweep-campaigns")
        campaign_id = submitted.json["campaign_id"]
        _wait_until(lambda: shop.command.json("campaigns", "show", campaign_id)["state"] == "finished", seconds=90)

    shown = shop.command.json("campaigns", "show", campaign_id)
    assert (shown["by_state"]["sent"], shown["recovered"], shown["held"]) == (1, 1, 0)
    (message,) = shop.command.json("messages", campaign_id)
    assert message["recovered_at"] is not None
    artifacts = httpx.post(f"{url}/artifacts/filter", json={}, trust_env=False).json()
    (told,) = [artifact for artifact in artifacts if artifact["key"] == "sweep"]
    assert "docs/runbook.md#campaign_stopped" in told["data"]


def _prefect(environment: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *words],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def _worker(environment: dict[str, str], folder: Path):
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "windowcast"]
    with (folder / "worker.log").open("w") as log:
        worker = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(worker.pid, signal.SIGTERM)
            worker.wait(timeout=30)


def _wait_until(is_true, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(1)


def _assert_nowhere(secret: str, folder: Path) -> None:
    """Look through every file that the run has left, Prefect's database with its log of writes too."""
    looked_at = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "prefect.db" for path in looked_at)
    assert [path for path in looked_at if secret.encode() in path.read_bytes()] == []
