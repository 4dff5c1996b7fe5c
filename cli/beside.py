"""Run a windowcast command beside the process that started it, and end with it, even if that one is killed."""

import os
import signal
import sys
import threading
import time

from cli.main import main

_LOOK_SECONDS = 1.0


def command_beside(*words: str) -> list[str]:
    """Return the command that runs `windowcast WORDS` until it ends, or this process does."""
    # -P: a folder named like one of our packages, where the receiver was started, must not be taken for it.
    return [sys.executable, "-P", "-m", "cli.beside", str(os.getpid()), *words]


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_end_with, args=[int(sys.argv[1])], daemon=True).start()
    sys.exit(main(sys.argv[2:]))
