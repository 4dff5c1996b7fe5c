"""The `windowcast` command in a process of its own, as people and schedules run it."""

import os
import subprocess
import sys
from pathlib import Path

from ended import Ended

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; from cli.main import main; sys.exit(main())"
_LONGEST_SECONDS = 120


def start_command(words, *, environment, root=ROOT) -> subprocess.Popen:
    """Start a command of the source tree at `root`, without a terminal."""
    return start_program(_PROGRAM, words, environment=environment, root=root)


def start_program(program, words, *, environment, root=ROOT) -> subprocess.Popen:
    """Start a few lines of Python with the packages of the source tree at `root`."""
    # -P keeps the folder that we happen to stand in off the path; PYTHONPATH comes before .venv's own path file.
    return subprocess.Popen(
        [sys.executable, "-P", "-c", program, *words],
        env={**os.environ, **environment, "PYTHONPATH": str(root)},
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end_of(process: subprocess.Popen) -> Ended:
    """Wait for a command's end; one that takes too long is killed."""
    try:
        out, err = process.communicate(timeout=_LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    return Ended(process.returncode, out, err)
