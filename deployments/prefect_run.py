"""`python -m deployments.prefect_run`: Prefect's engine for one run; it ends soon when its worker is gone.

Prefect's worker takes its runs with it when it is asked to stop, and leaves them behind when it is killed or breaks
off, as after a kill of `windowcast up`. Where the Prefect server is gone as well, such a run asks it again and again,
for minutes (seen with py-spy, Prefect 3.8.8).
"""

import os
import runpy
import signal

from deployments.drain import RUNS_END_WITHIN_SECONDS
from deployments.ending import end_within, when_gone


def end_in_good_order(*, within_seconds: float = RUNS_END_WITHIN_SECONDS) -> None:
    """Ask this process to end, as a drain does, and see that it does within the time."""
    end_within(within_seconds)
    # The worker read what is printed here. A line that nobody reads would break the run off in the middle: so does the
    # console of rich, which Prefect's log goes to, when its pipe is closed.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        os.dup2(nowhere, output)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    when_gone(os.getppid(), end_in_good_order)
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
