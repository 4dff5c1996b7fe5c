"""A Prefect server for each process of the tests, and the workers of a test: real processes on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import httpx
import psutil
import psycopg
import pytest

from cli.worker import SETTINGS
from factories import World, user_id
from prefect_database import copy_database, locked, save_database

ROOT = Path(__file__).parents[2]
# Of the server that the tests share; it must be seen nowhere.
LOGIN = "ops:CANARY-login-that-must-be-seen-nowhere"
COMMAND = [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())"]
# What a server does every few seconds, the server of the tests does every second: they wait for it.
SOON = {
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "1",
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
}


class PrefectServer:
    """A server of its own with everything deployed: its API's address, and the folder of its files."""

    def __init__(self, url: str, home: Path, *, login: str | None = None) -> None:
        self.url = url
        self.home = home
        self.login = login
        self._csrf: dict[str, str] = {}

    def environment(self) -> dict[str, str]:
        """What a command or a worker of this server has in its environment, beside the test's own settings."""
        return {
            **os.environ,
            "PREFECT_API_URL": self.url,
            "PREFECT_HOME": str(self.home / "client"),
            **SETTINGS,
            "PYTHONPATH": str(ROOT),
            **({} if self.login is None else {"PREFECT_API_AUTH_STRING": self.login}),
        }

    def windowcast(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a user of this server would, with more or other environment."""
        return subprocess.run(
            [*COMMAND, *words],
            env=self.environment() | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def call(self, path: str, body: dict | None = None, *, method: str = "POST"):
        headers = {} if method == "GET" else self._token()
        address = f"{self.url}/{path}"
        for left in reversed(range(10)):
            # Without `verify=False` it reads the machine's certificates each time, which takes longer than the call.
            answer = httpx.request(
                method,
                address,
                json=body,
                headers=headers,
                auth=self._login(),
                trust_env=False,
                verify=False,
                timeout=60,
            )
            # Its database on SQLite was held by something else: nothing was done, and every client asks again.
            if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or not left:
                break
            time.sleep(0.5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _token(self) -> dict[str, str]:
        """The token of a server that protects its API, asked for once, as Prefect's own clients do: it writes it."""
        if self.login is not None and not self._csrf:
            given = httpx.get(
                f"{self.url}/csrf-token", params={"client": "tests"}, auth=self._login(), trust_env=False, timeout=60
            )
            self._csrf = {"Prefect-Csrf-Client": "tests", "Prefect-Csrf-Token": given.json()["token"]}
        return self._csrf

    def _login(self) -> tuple[str, str] | None:
        if self.login is None:
            return None
        user, _, password = self.login.partition(":")
        return user, password

    def forget_workers(self, *, pool: str = "windowcast") -> None:
        """Forget the workers of earlier tests: to the server a worker lives for a minute and a half after its end."""
        for worker in self.call(f"work_pools/{pool}/workers/filter", {}):
            self.call(f"work_pools/{pool}/workers/{quote(worker['name'])}", method="DELETE")
        wait_until(lambda: self.call(f"work_pools/{pool}", method="GET")["status"] == "NOT_READY", seconds=120)

    def runs(self, campaign_id: str | None = None) -> list[dict]:
        """All runs, or those of a campaign, the newest first."""
        found = self.call("flow_runs/filter", {"sort": "ID_DESC"})
        return [run for run in found if campaign_id in (None, run["parameters"].get("campaign_id"))]

    @contextmanager
    def used_here(self):
        """Let Prefect in this process use this server, whichever one it was started with."""
        from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: self.url, PREFECT_API_AUTH_STRING: self.login}):
            yield

    @contextmanager
    def worker(
        self, *, pool: str = "windowcast", limit: int | None = None, queue: str | None = None, ours: bool = False
    ):
        """A worker that is asked to stop in the end; its flows, at most `limit` at once, are its children.

        `ours` is `windowcast worker`.
        """
        command = [*COMMAND, "worker"] if ours else [sys.executable, "-m", "prefect", "worker", "start"]
        command += ["--pool", pool]
        command += [] if limit is None else ["--limit", str(limit)]
        command += [] if queue is None else ["--work-queue", queue]
        with (self.home / f"{pool}-{time.monotonic_ns()}.log").open("w") as log:
            worker = _start(command, environment=self.environment(), log=log)
            try:
                yield worker
            finally:
                for process in flows_of(worker):
                    process.kill()
                if worker.poll() is None:
                    worker.send_signal(signal.SIGTERM)
                worker.wait(timeout=30)


def make_timed_campaign(database: str, folder: Path, numbers, *, at, **fields) -> str:
    """Make a campaign of the shop's plain template with its run on the server, as a submit does; return its id."""
    from clients.postgres import connect
    from clients.settings import settings
    from tasks.accounts import find_account
    from tasks.templates import find_template
    from tasks.timed_runs import make_timed_run

    with connect(database) as connection:
        world = World(connection)
        account, template = find_account(connection, "Shop"), find_template(connection, "plain", language="en")
        ids = tuple(map(user_id, numbers))
        campaign_id = world.submit(world.submission(account, template, user_ids=ids, scheduled_at=at, **fields), folder)
        make_timed_run(connection, campaign_id, chosen=settings())
    return str(campaign_id)


def set_pace(database: str, per_second: int) -> None:
    """Set the pace of all accounts, also for what is being sent."""
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE windowcast.pace SET per_second = %s", [per_second])


def flows_of(worker: subprocess.Popen) -> list[psutil.Process]:
    """The processes in which a worker runs flows."""
    try:
        return psutil.Process(worker.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


@pytest.fixture(scope="session")
def prefect_login():
    """The login of the server that these tests share: whatever they do is done with it, and with CSRF protection on."""
    return LOGIN


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory, running_servers, prefect_login):
    """A Prefect server with everything deployed, shared by all tests: they look at their own campaigns only.

    Each process of the tests has its own: the first one deploys, the others start with a copy of its database.
    """
    postgres = running_servers("embedded 18")
    home = tmp_path_factory.mktemp("prefect")
    deployed = _shared_folder(tmp_path_factory) / "deployed.db"
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("WINDOWCAST_DATABASE_URL", postgres.url(postgres.create()))
        patch.setenv("WINDOWCAST_HOME", str(home / "windowcast"))
        with locked(deployed):
            is_first = not deployed.exists()
            if is_first:
                server = stack.enter_context(running_server(home, login=prefect_login, **SOON))
                done = server.windowcast("deploy", "--json")
                assert done.returncode == 0, done.stderr
                save_database(home / "server", deployed)
        if not is_first:
            copy_database(deployed, home / "server")
            server = stack.enter_context(running_server(home, login=prefect_login, **SOON))
        yield server


def _shared_folder(tmp_path_factory) -> Path:
    """The folder of a run of pytest that all its processes share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture
def named_server(prefect_server, shop, monkeypatch):
    """The server, named in the environment: commands that are run in this process use it, which takes less time."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server.url)
    return prefect_server


@pytest.fixture(scope="session")
def own_prefect(prefect_server):
    """See that flows of this process run on the shared server; a command does only where the environment names it."""
    with pytest.MonkeyPatch.context() as patch, prefect_server.used_here():
        patch.delenv("PREFECT_API_URL", raising=False)
        yield


@contextmanager
def running_server(home: Path, *, login: str | None = None, **settings: str):
    """Start a server with the settings of `windowcast up` and more, on a free port; a login protects its API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = start_server(home, port, login=login, **settings)
    try:
        yield PrefectServer(_api_of(port), home, login=login)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def start_server(home: Path, port: int, *, login: str | None = None, **settings: str) -> subprocess.Popen:
    """Start a server, again or for the first time, and wait until it answers; its process leads its group."""
    from cli.up import SERVER_SETTINGS

    own = {"PREFECT_HOME": str(home / "server"), "DO_NOT_TRACK": "1"}
    environment = {**os.environ, **SERVER_SETTINGS, **settings, **own}
    # Else its pages ask a server on Prefect's usual port.
    environment["PREFECT_UI_API_URL"] = _api_of(port)
    if login is not None:
        environment |= {
            "PREFECT_SERVER_API_AUTH_STRING": login,
            "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        }
    words = ["start", "--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-m", "deployments.prefect_server", *words]
    with (home / "server.log").open("a") as log:
        server = _start(command, environment=environment, log=log)
    try:
        wait_until(lambda: _answers(_api_of(port)), seconds=90)
    except BaseException:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait(timeout=20)
        raise
    return server


def _start(command: list[str], *, environment: dict[str, str], log) -> subprocess.Popen:
    """Start a process that leads its group and ends with this one, as `windowcast up` starts its children."""
    tied = [sys.executable, "-m", "cli.tied", str(os.getpid()), *command]
    return subprocess.Popen(tied, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


def _api_of(port: int) -> str:
    return f"http://127.0.0.1:{port}/api"


def wait_until(is_true, *, seconds: float, every: float = 0.5) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(every)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, verify=False, timeout=2).is_success
    except httpx.HTTPError:
        return False
