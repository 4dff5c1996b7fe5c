"""`python -m deployments.drain PID`: let the runs of a worker end in good order before it is stopped.

A worker that is asked to stop takes its runs with it. Asked first, each finishes the messages that it has begun, gives
the others back, and ends with the sentence "Stopped as asked"; other workers, or the sweep, go on.
"""

import argparse
import contextlib
import time
from collections.abc import Iterable
from typing import Final

import psutil

# What a run has begun it finishes: one POST may take its read timeout.
RUNS_END_WITHIN_SECONDS: Final = 30.0

# What a worker starts for a run; its own children, as the one that reads a file, are left to it.
_RUNS: Final = frozenset({"prefect.engine", "deployments.prefect_run"})
_LOOK_EVERY_SECONDS: Final = 0.2


def drain(pids: Iterable[int], *, within_seconds: float) -> int:
    """Ask the runs below these processes to end, those too that are taken up meanwhile, and wait until they have.

    Returns how many have not ended within the time.
    """
    workers = list(pids)
    asked: set[psutil.Process] = set()
    deadline = time.monotonic() + within_seconds
    while runs := {run for pid in workers for run in _runs_below(pid)}:
        if time.monotonic() > deadline:
            return len(runs)
        for run in runs - asked:
            with contextlib.suppress(psutil.NoSuchProcess):
                run.terminate()
        asked |= runs
        time.sleep(_LOOK_EVERY_SECONDS)
    return 0


def _runs_below(pid: int) -> list[psutil.Process]:
    try:
        return [process for process in psutil.Process(pid).children(recursive=True) if _is_run(process)]
    except psutil.NoSuchProcess:
        return []


def _is_run(process: psutil.Process) -> bool:
    try:
        return not _RUNS.isdisjoint(process.cmdline())
    except psutil.Error:
        return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m deployments.drain", description=__doc__)
    parser.add_argument("pid", type=int, help="the worker's process id; in a container it is 1")
    parser.add_argument("--within", type=float, default=60, metavar="SECONDS", help="how long to wait (60)")
    given = parser.parse_args()
    raise SystemExit(1 if drain([given.pid], within_seconds=given.within) else 0)
