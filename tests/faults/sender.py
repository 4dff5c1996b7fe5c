"""The parent's side of a sender process: started, waited for, frozen, killed; always by its own pid."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

_FOLDER = Path(__file__).parent
_LONGEST_SECONDS = 90.0


class Sender:
    """One sender process of a campaign, as a context manager that leaves nothing behind.

    With a `point` it stops at its `hit`-th pass of it (see sender_child.py). One that hangs is killed.
    """

    def __init__(self, campaign_id, *, environment, point=None, hit=1, clock_off_seconds=0.0) -> None:
        command = [sys.executable, str(_FOLDER / "sender_child.py"), str(campaign_id)]
        command += ["--point", point, "--hit", str(hit)] if point else []
        command += ["--clock-off-seconds", str(clock_off_seconds)]
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  it is closed with the sender
        self._child = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._watch = threading.Timer(_LONGEST_SECONDS, self._child.kill)
        self._watch.daemon = True
        self._watch.start()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._watch.cancel()
        self.kill()
        for pipe in (self._child.stdin, self._child.stdout, self._errors):
            pipe.close()

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def wait_until_reached(self) -> None:
        """Wait until the process stands at its point."""
        line = self._child.stdout.readline()
        if not line.startswith("reached "):
            raise AssertionError(f"the sender did not get to its point: {line}{self.last_words()}")

    def let_go(self) -> None:
        """Let the process go on from its point."""
        self._child.stdin.write("go\n")
        self._child.stdin.flush()

    def freeze(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process without a last word; one that is frozen too."""
        if self.is_running:
            self._child.kill()
        self._child.wait()

    def result(self) -> dict:
        """Wait for the end and return what the process said of it; giving up is none."""
        said = self.end()
        if "error" in said:
            raise AssertionError(f"the sender gave up: {said}{self.last_words()}")
        return said

    def end(self) -> dict:
        """Wait for the end and return what the process said of it, also when it gave up with a sentence."""
        said = self._child.stdout.read()
        if self._child.wait() not in (0, 5):
            raise AssertionError(f"the sender ended with {self._child.returncode}: {said}{self.last_words()}")
        return json.loads(said.splitlines()[-1])

    def wait(self) -> None:
        """Wait for the end, whichever it is."""
        self._child.wait()

    def last_words(self) -> str:
        """Return the end of what the process wrote about its troubles."""
        self._errors.seek(0)
        return self._errors.read()[-4000:]
