"""`python -m deployments.prefect_worker start ...`: Prefect's worker; when its work is over, so are its runs and it.

When `windowcast up` is killed, nobody reads the worker's output any more, and the Prefect server is gone. A worker then
breaks off or asks the server again and again, and may leave its runs behind, which ask it for minutes too. It may also
leave a thread that waits for work. Python waits for such a thread before it ends the process: for ever, and the worker
does nothing meanwhile (seen with py-spy, Prefect 3.8.8).
"""

import os
import sys
import threading
import time
from typing import Final

from deployments.drain import RUNS_END_WITHIN_SECONDS, end_runs_below

_LOOK_EVERY_SECONDS: Final = 0.5
# What is left to do at the end, such as telling the server its last events, takes a second or two.
_END_WITHIN_SECONDS: Final = 10.0


def end_soon(
    *, runs_within_seconds: float = RUNS_END_WITHIN_SECONDS, within_seconds: float = _END_WITHIN_SECONDS
) -> None:
    """Let the runs of this process end in good order, and see that it ends soon after them, with 1 if it must be made.

    Whatever its threads wait for then is not waited for.
    """
    end_runs_below(os.getpid(), within_seconds=runs_within_seconds)
    timer = threading.Timer(within_seconds, os._exit, args=(1,))
    timer.daemon = True
    timer.start()


def end_soon_without_parent(**seconds: float) -> None:
    """See that this process ends, as `end_soon` does it, when the one that has started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_EVERY_SECONDS)
        end_soon(**seconds)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


if __name__ == "__main__":
    end_soon_without_parent()
    from prefect.cli import app

    sys.argv = ["prefect", "worker", *sys.argv[1:]]
    try:
        app()
    finally:
        end_soon()
