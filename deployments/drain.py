"""`python -m deployments.drain PID`: let the runs of a worker end in good order before it is stopped.

A worker that is asked to stop takes its runs with it. Asked first, each finishes the messages that it has begun, gives
the others back, and ends with the sentence "Stopped as asked"; other workers, or the sweep, go on.
"""

import argparse
import contextlib
from typing import Final

import psutil

# What a worker starts for a run; its own children, as the one that reads a file, are left to it.
_RUN: Final = "prefect.engine"


def drain(pid: int, *, within_seconds: float) -> int:
    """Ask the runs below a process to end, and wait; return how many have not ended within the time."""
    runs = [process for process in psutil.Process(pid).children(recursive=True) if _is_run(process)]
    for run in runs:
        with contextlib.suppress(psutil.NoSuchProcess):
            run.terminate()
    _, left = psutil.wait_procs(runs, timeout=within_seconds)
    return len(left)


def _is_run(process: psutil.Process) -> bool:
    try:
        return _RUN in process.cmdline()
    except psutil.Error:
        return False


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m deployments.drain", description=__doc__)
    parser.add_argument("pid", type=int, help="the worker's process id; in a container it is 1")
    parser.add_argument("--within", type=float, default=60, metavar="SECONDS", help="how long to wait (60)")
    given = parser.parse_args()
    raise SystemExit(1 if drain(given.pid, within_seconds=given.within) else 0)
