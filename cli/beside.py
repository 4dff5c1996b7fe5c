"""Run a windowcast command beside the process that started it, and end with it, even if that one is killed."""

import os
import signal
import sys

from cli.main import main
from deployments.ending import when_gone


def command_beside(*words: str) -> list[str]:
    """Return the command that runs `windowcast WORDS` until it ends, or this process does."""
    # -P: a folder named like one of our packages, where the receiver was started, must not be taken for it.
    return [sys.executable, "-P", "-m", "cli.beside", str(os.getpid()), *words]


if __name__ == "__main__":
    when_gone(int(sys.argv[1]), lambda: os.kill(os.getpid(), signal.SIGTERM))
    sys.exit(main(sys.argv[2:]))
