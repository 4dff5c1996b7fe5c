"""`python -m deployments.prefect_worker start ...`: Prefect's worker; when its work is over, so are its runs and it.

A worker that breaks off, as one does whose output nobody reads any more since `windowcast up` was killed, may leave
its runs behind: they tell a server that is gone of their end, again and again, for minutes. It may also leave a thread
that waits for work. Python waits for such a thread before it ends the process: for ever, and the worker does nothing
meanwhile (both seen with py-spy, Prefect 3.8.8).
"""

import os
import sys
import threading
from typing import Final

from deployments.drain import RUNS_END_WITHIN_SECONDS, end_runs_below

# What is left to do at the end, such as telling the server its last events, takes a second or two.
_END_WITHIN_SECONDS: Final = 10.0


def end_within(seconds: float) -> None:
    """See that this process ends within so many seconds, whatever its threads wait for; its exit code is then 1."""
    timer = threading.Timer(seconds, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    from prefect.cli import app

    sys.argv = ["prefect", "worker", *sys.argv[1:]]
    try:
        app()
    finally:
        end_runs_below(os.getpid(), within_seconds=RUNS_END_WITHIN_SECONDS)
        end_within(_END_WITHIN_SECONDS)
