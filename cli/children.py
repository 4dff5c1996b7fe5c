"""The child processes of `windowcast up`: started, their words told, watched, started again, and stopped."""

import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psutil

from cli.output import say
from deployments.drain import RUNS_END_WITHIN_SECONDS, drain
from domain.errors import ServiceAwayError

ROOT: Final = Path(__file__).resolve().parents[1]

_READY_WITHIN_SECONDS: Final = 120.0
_LOOK_EVERY_SECONDS: Final = 0.1
_END_WITHIN_SECONDS: Final = 15.0
# A child that dies is started again, but not for ever.
_MOST_DEATHS: Final = 4
_DEATHS_COUNT_FOR_SECONDS: Final = 60.0
_AGAIN_AFTER_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Command:
    """A child as it is to be: its name, the words of its command, more environment, and where it answers when ready."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_url: str | None = None


class Children:
    """The children that run, in the order in which they were started."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._jobs: dict[str, subprocess.Popen[str]] = {}
        self._running: dict[str, tuple[Command, subprocess.Popen[str]]] = {}
        self._deaths: dict[str, deque[float]] = {}
        self.stop = threading.Event()

    def start(self, command: Command) -> None:
        """Start a child; what it prints is told line by line under its name."""
        process = self._spawn(command)
        self._running[command.name] = (command, process)

    def start_job(self, command: Command) -> None:
        """Start a child that ends by itself; `finish_jobs` waits for it."""
        self._jobs[command.name] = self._spawn(command)

    def finish_jobs(self) -> None:
        """Wait until every job has ended. Raises ServiceAwayError, which leads to its lines, for one that failed."""
        for name, process in self._jobs.items():
            while process.poll() is None:
                if self.stop.wait(_LOOK_EVERY_SECONDS):
                    return
            if process.returncode:
                raise ServiceAwayError(f"`{name}` failed (exit {process.returncode}); its lines above say why.")
        self._jobs.clear()

    def wait_until_ready(self) -> None:
        """Wait until every child answers that has an address. Raises ServiceAwayError for one that does not."""
        deadline = time.monotonic() + _READY_WITHIN_SECONDS
        # Without `verify=False` each client reads the certificates of the machine, which no address here needs.
        with httpx.Client(trust_env=False, verify=False, timeout=5) as client:  # noqa: S501
            for command, process in self._running.values():
                while command.ready_url is not None and not _answers(client, command.ready_url):
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise ServiceAwayError(
                            f"{command.name} does not start; its lines above say why. Everything is stopped again."
                        )
                    if self.stop.wait(_LOOK_EVERY_SECONDS):
                        return

    def watch(self) -> None:
        """Watch until `stop` is set, and start again what dies. Raises ServiceAwayError for one that always dies."""
        while not self.stop.wait(_LOOK_EVERY_SECONDS):
            for command, process in list(self._running.values()):
                if process.poll() is not None:
                    self._start_again(command, process.returncode)

    def stop_all(self, *, first: Iterable[str]) -> None:
        """Stop everything: the flows of the workers in `first`, which end in good order, those, then the rest."""
        workers = [process for name, (_, process) in self._running.items() if name in set(first)]
        drain([worker.pid for worker in workers], within_seconds=RUNS_END_WITHIN_SECONDS)
        everything = _descendants(process for _, process in self._running.values())
        _end([*self._jobs.values(), *workers])
        for _, process in reversed(list(self._running.values())):
            _end([process])
        _signal(everything, signal.SIGKILL)  # whatever has outlived its parent
        self._running.clear()

    def _start_again(self, command: Command, code: int) -> None:
        deaths = self._deaths.setdefault(command.name, deque())
        now = time.monotonic()
        deaths.append(now)
        while deaths and now - deaths[0] > _DEATHS_COUNT_FOR_SECONDS:
            deaths.popleft()
        if len(deaths) > _MOST_DEATHS:
            raise ServiceAwayError(
                f"{command.name} has ended {len(deaths)} times within a minute (exit {code}); its lines above say "
                "why. Everything is stopped."
            )
        say(f"{command.name} has ended (exit {code}) and is started again.")
        if not self.stop.wait(_AGAIN_AFTER_SECONDS):
            self.start(command)

    def _spawn(self, command: Command) -> "subprocess.Popen[str]":
        import os

        process = subprocess.Popen(  # noqa: S603  # our own table of commands
            [sys.executable, "-m", "cli.tied", str(os.getpid()), *command.words],
            cwd=ROOT,
            env={**self.environment, **command.environment, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for us: we stop them in their order
        )
        threading.Thread(target=_tell, args=(command.name, process), daemon=True).start()
        return process


def _tell(name: str, process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip():
            say(f"{name:<9}| {line.rstrip()}")


def _answers(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.HTTPError:
        return False


def _descendants(processes: "Iterable[subprocess.Popen[str]]") -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in processes:
        try:
            found += psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            continue
    return found


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _end(processes: "list[subprocess.Popen[str]]") -> None:
    """Ask children to end, and make those that do not."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(_END_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
