"""`python -m deployments.prefect_run`: Prefect's engine for one run; it ends soon when its worker is gone.

Prefect's worker takes its runs with it when it is asked to stop, and leaves them behind when it is killed or breaks
off, as after a kill of `windowcast up`. Where the Prefect server is gone as well, such a run asks it again and again,
for minutes (seen with py-spy, Prefect 3.8.8).
"""

import os
import runpy
import signal

from deployments.drain import RUNS_END_WITHIN_SECONDS
from deployments.ending import end_within, when_parent_is_gone


def end_in_good_order(*, within_seconds: float = RUNS_END_WITHIN_SECONDS) -> None:
    """Ask this process to end, as a drain does, and see that it does within the time."""
    end_within(within_seconds)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    when_parent_is_gone(end_in_good_order)
    runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
