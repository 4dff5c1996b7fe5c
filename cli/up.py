"""`windowcast up`: a whole installation on this machine, in the foreground, until Ctrl-C."""

import os
import secrets
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from cli.children import Children, Command
from cli.output import print_json, say
from cli.session import json_option
from cli.worker import SETTINGS as WORKER_SETTINGS
from cli.worker import worker_command
from domain.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from clients.installation import Installation
    from clients.settings import Settings

_LOOPBACK: Final = "127.0.0.1"
_DATABASE: Final = "WINDOWCAST_DATABASE_URL"
# Each worker by its name, with the pool whose runs it takes.
_WORKERS: Final = {"worker": "windowcast", "upkeep": "windowcast-upkeep"}
_WINDOWCAST: Final = (sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())")
_NO_RECEIVER: Final = "none (it needs WINDOWCAST_META_APP_SECRETS and WINDOWCAST_META_VERIFY_TOKEN)"

# Measured: with its own settings the recorder of task runs blocks the server's API for seconds after a campaign.
SERVER_SETTINGS: Final = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    # Slots that are kept in memory are lost for good when the server ends while their holder dies.
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}


@dataclass(frozen=True)
class _Ports:
    prefect: int
    receiver: int
    sandbox: int


@dataclass(frozen=True)
class _Addresses:
    """Where the services will answer; None: there is no such service."""

    prefect: str
    receiver: str | None
    sandbox: str | None

    @property
    def prefect_api(self) -> str:
        return f"{self.prefect}/api"


@click.command()
@click.option("--sandbox", "with_sandbox", is_flag=True, help="Run a Messenger Platform here too, and send to it.")
@click.option("--host", default=_LOOPBACK, show_default=True, help="Where the Prefect server listens.")
@click.option("--port", default=4200, show_default=True, help="Port of the Prefect server; 0 takes a free one.")
@click.option("--receiver-port", default=4280, show_default=True, help="Port of the webhook receiver; 0: a free one.")
@click.option("--sandbox-port", default=4290, show_default=True, help="Port of the sandbox; 0: a free one.")
@json_option
def up(*, with_sandbox: bool, host: str, port: int, receiver_port: int, sandbox_port: int, as_json: bool) -> int:
    """Run database, Prefect server, workers and webhook receiver here, until Ctrl-C. The other commands find them."""
    from clients.installation import announce, only_one
    from clients.settings import settings

    chosen = settings()
    home = chosen.home.expanduser().absolute()
    login = _login(host)
    with only_one(home):
        ports = _free_ports(host, port=port, receiver=receiver_port, sandbox=sandbox_port if with_sandbox else None)
        _check_prefect_database(chosen)
        addresses = _addresses(chosen, host=host, ports=ports, with_sandbox=with_sandbox)
        environment = _environment(home, addresses, login=login)
        if with_sandbox:
            environment |= _made_up_secrets(chosen)
        children = Children({**os.environ, **environment})
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: children.stop.set())
        try:
            installation = _start(children, addresses, chosen, home, host=host, ports=ports)
            if not children.stop.is_set():
                announce(home, installation)
                if installation.sandbox_url is not None:
                    os.environ.setdefault("PREFECT_API_URL", installation.prefect_api_url)  # where tokens may be kept
                    _teach_sandbox(installation.sandbox_url, children.environment[_DATABASE], stop=children.stop)
                _show(installation, as_json=as_json)
                children.watch()
        finally:
            say("Stopping; what is under way is finished first.")
            children.stop_all(first=_WORKERS)
    return 0


def _start(
    children: Children, addresses: _Addresses, chosen: "Settings", home: Path, *, host: str, ports: _Ports
) -> "Installation":
    """Start everything, at once what does not wait for another part; return where it is."""
    children.start(_prefect_command(addresses, chosen, host=host, ports=ports))
    if addresses.sandbox is not None:
        children.start(_sandbox_command(addresses, home, ports=ports))
    installation = _open_database(children, addresses, chosen, home)
    if addresses.receiver is not None:
        receiver = (*_WINDOWCAST, "webhooks", "serve", "--host", _LOOPBACK, "--port", str(ports.receiver))
        children.start(Command("receiver", receiver, {}, f"{addresses.receiver}/healthz"))
    # It imports Prefect and the flows while the server is starting.
    children.start_job(Command("deploy", (*_WINDOWCAST, "deploy", "--wait")))
    children.wait_until_ready()
    children.finish_jobs()
    if not children.stop.is_set():
        for name, pool in _WORKERS.items():
            children.start(worker_command(name, pool=pool, worker_name=name))
    return installation


def _prefect_command(addresses: _Addresses, chosen: "Settings", *, host: str, ports: _Ports) -> Command:
    words = (sys.executable, "-m", "deployments.prefect_server", "start", "--host", host, "--port", str(ports.prefect))
    return Command("prefect", words, _server_environment(chosen), f"{addresses.prefect_api}/health")


def _sandbox_command(addresses: _Addresses, home: Path, *, ports: _Ports) -> Command:
    hooks = () if addresses.receiver is None else ("--webhook-url", f"{addresses.receiver}/webhooks/meta")
    words = (*_WINDOWCAST, "sandbox", "--port", str(ports.sandbox), "--log", str(home / "sandbox.jsonl"), *hooks)
    return Command("sandbox", words, {}, f"{addresses.sandbox}/sandbox/clock")


def _teach_sandbox(url: str, database: str, *, stop: threading.Event) -> None:
    """Tell the sandbox what the database knows, and go on telling it beside everything else."""
    from cli.sandbox_lessons import SandboxTeacher
    from sandbox.process import SandboxClient

    teacher = SandboxTeacher(database, SandboxClient(url))
    threading.Thread(target=teacher.follow, args=(stop,), name="sandbox-teacher", daemon=True).start()


def _check_prefect_database(chosen: "Settings") -> None:
    """Raise ConfigurationError when the Prefect server is to keep its tables in a database that it cannot use."""
    from clients.prefect_database import check_database

    if chosen.prefect_database_url is not None:
        ours = None if chosen.database_url is None else chosen.database_url.get_secret_value()
        check_database(chosen.prefect_database_url.get_secret_value(), ours=ours)


def _addresses(chosen: "Settings", *, host: str, ports: _Ports, with_sandbox: bool) -> _Addresses:
    # Without its secrets no webhook can be trusted; a sandbox signs with those that are made up for it.
    has_receiver = with_sandbox or chosen.meta_app_secrets is not None or chosen.meta_verify_token is not None
    return _Addresses(
        prefect=f"http://{host if _is_loopback(host) else _LOOPBACK}:{ports.prefect}",
        receiver=f"http://{_LOOPBACK}:{ports.receiver}" if has_receiver else None,
        sandbox=f"http://{_LOOPBACK}:{ports.sandbox}" if with_sandbox else None,
    )


def _open_database(children: Children, addresses: _Addresses, chosen: "Settings", home: Path) -> "Installation":
    """Start the database if it is the embedded one, bring its schema up to date, and let the children know it."""
    from psycopg.conninfo import conninfo_to_dict

    from clients.installation import Installation
    from tasks.running import open_database

    (home / "inbox").mkdir(parents=True, exist_ok=True)
    with open_database() as (_, url):
        children.environment[_DATABASE] = url
    return Installation(
        pid=os.getpid(),
        prefect_url=addresses.prefect,
        prefect_api_url=addresses.prefect_api,
        receiver_url=addresses.receiver,
        sandbox_url=addresses.sandbox,
        database_url=_without_password(url),
        database_is_embedded=chosen.database_url is None,
        database_needs_password="password" in conninfo_to_dict(url),
    )


def _environment(home: Path, addresses: _Addresses, *, login: str | None) -> dict[str, str]:
    """Return what every child has in its environment in addition to ours; the database's address comes later."""
    environment = {
        **WORKER_SETTINGS,
        "PREFECT_HOME": str(home / "prefect-server"),
        "PREFECT_API_URL": addresses.prefect_api,
        "WINDOWCAST_HOME": str(home),
    }
    if login is not None:
        environment["PREFECT_API_AUTH_STRING"] = login
    if addresses.sandbox is not None:
        environment["WINDOWCAST_GRAPH_URL"] = addresses.sandbox
    return environment


def _made_up_secrets(chosen: "Settings") -> dict[str, str]:
    """Return secrets of webhooks, new ones each time, where none are set: the sandbox and the receiver share them."""
    known = {
        "WINDOWCAST_META_APP_SECRETS": chosen.meta_app_secrets,
        "WINDOWCAST_META_VERIFY_TOKEN": chosen.meta_verify_token,
    }
    return {name: secrets.token_hex(16) for name, value in known.items() if value is None}


def _server_environment(chosen: "Settings") -> dict[str, str]:
    from clients.prefect_database import server_url

    environment = dict(SERVER_SETTINGS)
    if chosen.prefect_database_url is not None:
        url = server_url(chosen.prefect_database_url.get_secret_value())
        environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
    return environment


def _login(host: str) -> str | None:
    """Return the login of the server, if one is set. Raises ConfigurationError for an open door without one."""
    login = os.environ.get("PREFECT_SERVER_API_AUTH_STRING") or None
    if _is_loopback(host):
        return login
    if login is None:
        raise ConfigurationError(
            f"A Prefect server at {host} could be used by anybody who reaches it: set PREFECT_SERVER_API_AUTH_STRING "
            "to user:password, or leave --host out, so that only this machine reaches it."
        )
    os.environ["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] = "true"
    os.environ.setdefault("PREFECT_UI_API_URL", "/api")  # browsers elsewhere know the server by another address
    return login


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _free_ports(host: str, *, port: int, receiver: int, sandbox: int | None) -> _Ports:
    """See that the ports are free, and choose one where 0 is given. Raises UsageError naming the option."""
    prefect = _free_port(host, port, option="--port")
    return _Ports(
        prefect,
        receiver=_free_port(_LOOPBACK, receiver, option="--receiver-port"),
        sandbox=0 if sandbox is None else _free_port(_LOOPBACK, sandbox, option="--sandbox-port"),
    )


def _free_port(host: str, port: int, *, option: str) -> int:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"Port {port} of {host} cannot be used ({(error.strerror or 'no reason given').lower()}): choose "
                f"another one with {option}, or stop what uses it."
            ) from error
        chosen: int = tried.getsockname()[1]
        return chosen


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    user, mark, place = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user.partition(':')[0]}{mark}{place}").geturl()


def _show(installation: "Installation", *, as_json: bool) -> None:
    if as_json:
        shown = ("prefect_url", "prefect_api_url", "receiver_url", "sandbox_url", "database_url")
        print_json({name: getattr(installation, name) for name in shown})
        return
    click.echo(f"Prefect server:    {installation.prefect_url}")
    click.echo(f"Webhook receiver:  {installation.receiver_url or _NO_RECEIVER}")
    click.echo(f"Sandbox:           {installation.sandbox_url or 'none (--sandbox)'}")
    click.echo(f"Database:          {installation.database_url}")
    click.echo("Ready. Other commands of this machine find it by themselves; Ctrl-C stops all of it.")
