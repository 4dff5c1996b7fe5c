"""`python -m deployments.prefect_worker start ...`: Prefect's worker; when its work is over, so is its process.

When `windowcast up` is killed, nobody reads the worker's output any more, and the Prefect server is gone. A worker then
breaks off or asks the server again and again. It may also leave a thread that waits for work. Python waits for such a
thread before it ends the process: for ever, and the worker does nothing meanwhile (seen with py-spy, Prefect 3.8.8).
"""

import os
import sys
from typing import Final

from deployments.ending import end_within, when_gone

# What is left to do at the end, such as telling the server its last events, takes a second or two.
_END_WITHIN_SECONDS: Final = 10.0

if __name__ == "__main__":
    when_gone(os.getppid(), lambda: end_within(_END_WITHIN_SECONDS))
    from prefect.cli import app

    sys.argv = ["prefect", "worker", *sys.argv[1:]]
    try:
        app()
    finally:
        end_within(_END_WITHIN_SECONDS)
