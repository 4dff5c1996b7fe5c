"""A temporary Prefect server beside this process, where `PREFECT_API_URL` names none: its own home, and quiet.

Prefect can start one itself, but not two at once on a fresh home, and leaves it running when its starter is killed.
"""

import atexit
import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from domain.errors import ServiceAwayError

# A fresh home is migrated first: some fifteen seconds on a small machine, more on a busy one.
_START_WITHIN_SECONDS: Final = 120.0
_STOP_WITHIN_SECONDS: Final = 5.0
_LOOK_EVERY_SECONDS: Final = 0.1
_QUIET: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    # A server takes a run for dead that is silent for two and a half of these (deployments/automations.py).
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}
_QUIETER: Final = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
}
# It is on loopback and ours alone: the login of a server for others, if the environment has one, is not its own. Even
# an empty login would be one.
_FOR_OTHERS: Final = {"PREFECT_SERVER_API_AUTH_STRING", "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"}

# The address of the one that this process has started.
_started: str | None = None


def has_server() -> bool:
    """Say whether somebody has named a Prefect server in the environment."""
    return os.environ.get("PREFECT_API_URL") not in (None, "", _started)


def ensure_server(home: Path) -> None:
    """See that flows have a server, before Prefect is first imported: the named one, or a temporary one under `home`.

    The temporary one is started once and ends with this process, however that ends. What somebody has set in the
    environment stays as it is. Raises ServiceAwayError when it does not start, and of a named one what
    `check_server` raises: a flow that cannot reach its server ends with a trace.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    global _started  # noqa: PLW0603  # one server for one process, however many flows it runs
    if has_server():
        from clients.prefect_server import check_server

        check_server()
    if has_server() or _started is not None:
        return
    for name, value in _QUIETER.items():
        os.environ.setdefault(name, value)
    folder = home / "prefect"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PREFECT_HOME"] = str(folder)
    _started = os.environ["PREFECT_API_URL"] = _start(folder)


def _start(folder: Path) -> str:
    # One at a time: two that migrate the same fresh database at once are both too slow, or break it.
    with _only_one(folder / "start.lock"):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = f"http://127.0.0.1:{port}/api"
        inherited = {name: value for name, value in os.environ.items() if name not in _FOR_OTHERS}
        with (folder / "server.log").open("w") as log:
            server = subprocess.Popen(  # noqa: S603  # our own module with our own words
                [sys.executable, "-m", "cli.temporary_prefect", str(port), str(os.getpid())],
                env={**inherited, "PREFECT_UI_ENABLED": "0", "PYTHONPATH": str(Path(__file__).parents[1])},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the send; the server is needed until that has ended
            )
        atexit.register(_stop, server)
        _wait_until_healthy(url, server, folder)
        return url


def _wait_until_healthy(url: str, server: "subprocess.Popen[bytes]", folder: Path) -> None:
    import httpx

    deadline = time.monotonic() + _START_WITHIN_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                if client.get(f"{url}/health").is_success:
                    return
            except httpx.HTTPError:
                time.sleep(_LOOK_EVERY_SECONDS)
    _stop(server)
    raise ServiceAwayError(
        f"The temporary Prefect server does not start (see {folder / 'server.log'}); nothing was sent: run the same "
        "command again, or name a server with PREFECT_API_URL."
    )


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    try:
        server.wait(_STOP_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield  # closing the file gives the lock back, and so does the end of the process


def _serve(port: int, parent: int) -> None:
    import uvicorn

    from deployments.ending import when_gone
    from deployments.prefect_server import begin_as_writers

    begin_as_writers()
    when_gone(parent, lambda: os._exit(0))
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=port,
        log_level="error",
        lifespan="on",
    )


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
