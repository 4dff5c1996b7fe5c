"""`python -m cli.tied PARENT COMMAND...`: become a command that is asked to stop when its parent is gone."""

import ctypes
import os
import signal
import sys
from typing import Final

_SET_PARENT_DEATH_SIGNAL: Final = 1  # Linux: prctl(2), PR_SET_PDEATHSIG; it outlives the exec below


def main(parent: int, command: list[str]) -> None:
    """Tie this process to its parent, let Ctrl-C and SIGTERM mean what they usually do, and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)
        if os.getppid() != parent:  # it was gone before the tie was made
            sys.exit(1)
    # Whoever starts `up` in the background of a script has SIGINT ignored, and Prefect turns SIGTERM into SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.execv(command[0], command)  # noqa: S606  # a command of ours, without a shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
