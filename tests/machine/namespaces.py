"""Machines of their own on this one: network namespaces, each with a loopback and nothing else, and workers in them."""

import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest
from prefect_machine import ROOT, flows_of

_RELAY = Path(__file__).with_name("relay.py")
_PROGRAMS = {"unshare": "util-linux", "nsenter": "util-linux", "ip": "iproute2"}


class Machine:
    """A namespace that reaches what it needs of the world through its relay; its name is in what its workers write."""

    def __init__(self, name: str, relay: subprocess.Popen) -> None:
        self.name = name
        self._relay = relay
        self.worker: subprocess.Popen | None = None

    @property
    def network(self) -> str:
        return str(Path(f"/proc/{self._relay.pid}/ns/net").readlink())

    def start_worker(self, environment: dict[str, str], *, log: Path) -> None:
        """Start a worker that takes one run at a time."""
        command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "windowcast", "--limit", "1"]
        enter = ["nsenter", f"--target={self._relay.pid}", "--net", "--uts", "--"]
        with log.open("w") as lines:
            self.worker = subprocess.Popen(
                [*enter, *command, "--name", self.name],
                env=environment, cwd=ROOT, stdout=lines, stderr=lines, start_new_session=True,
            )  # fmt: skip

    def flows(self) -> list[psutil.Process]:
        return flows_of(self.worker) if self.worker else []

    def die(self) -> None:
        """Kill the worker and its flows, as when a machine is gone: none can do anything about another's end."""
        flows = self.flows()
        for flow in flows:
            flow.suspend()
        if self.worker:
            self.worker.kill()
            self.worker.wait(timeout=30)
        for flow in flows:
            flow.kill()
        psutil.wait_procs(flows, timeout=30)


@contextmanager
def running_machines(*names: str, folder: Path, ports: list[int]):
    """Give machines that reach these ports of this one, by the same addresses, and Postgres by its socket's path."""
    _see_what_is_needed()
    numbers = [str(port) for port in ports]
    with ExitStack() as stack:
        stack.enter_context(_relay([], "outside", str(folder), *numbers))
        own = ["unshare", "--net", "--uts", "--"]
        machines = [
            Machine(name, stack.enter_context(_relay(own, "inside", str(folder), *numbers, name))) for name in names
        ]
        try:
            yield machines
        finally:
            for machine in machines:
                machine.die()


@contextmanager
def _relay(before: list[str], *words: str):
    relay = subprocess.Popen([*before, sys.executable, str(_RELAY), *words], stdout=subprocess.PIPE, text=True)
    try:
        assert relay.stdout is not None
        assert relay.stdout.readline() == "ready\n", f"the relay {words} does not start"
        yield relay
    finally:
        relay.kill()
        relay.wait(timeout=10)
        relay.stdout.close()


def _see_what_is_needed() -> None:
    missing = [f"{name} (of {package})" for name, package in _PROGRAMS.items() if shutil.which(name) is None]
    if missing:
        pytest.fail(f"Network namespaces need {', '.join(missing)}: install it.")
    tried = subprocess.run(["unshare", "--net", "--uts", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.fail(f"Network namespaces cannot be made here ({tried.stderr.strip()}): run the tests as root.")
