"""The parent's side of a sender process: started, waited for, frozen, killed; always by its own pid."""

import multiprocessing
import os
import signal
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import sender_child

_LONGEST_SECONDS = 90.0
# A process that has imported what others wrote forks each sender: to import it takes longer than a short campaign.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["aiohttp", "httpx", "orjson", "psycopg", "pydantic_settings", "uuid_utils"])


class Sender:
    """One sender process of a campaign, as a context manager that leaves nothing behind.

    With a `point` it stops at its `hit`-th pass of it (see sender_child.py). One that hangs is killed.
    """

    def __init__(self, campaign_id, *, environment, point=None, hit=1, clock_off_seconds=0.0) -> None:
        job = sender_child.Job(campaign_id, {**os.environ, **environment}, point, hit, clock_off_seconds)
        self._errors = tempfile.NamedTemporaryFile("w+")  # noqa: SIM115  it is closed with the sender
        # What others wrote must see a wrong clock from the beginning too.
        context = multiprocessing.get_context("spawn") if clock_off_seconds else _FORKS
        self._door, door = context.Pipe()
        self._child = context.Process(target=sender_child.main, args=(job, door, Path(self._errors.name)))
        self._child.start()
        door.close()
        self._watch = threading.Timer(_LONGEST_SECONDS, self._child.kill)
        self._watch.daemon = True
        self._watch.start()

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self._watch.cancel()
        self.kill()
        self._child.close()
        self._door.close()
        self._errors.close()

    @property
    def is_running(self) -> bool:
        return self._child.is_alive()

    def wait_until_reached(self) -> None:
        """Wait until the process stands at its point."""
        said = self._hear()
        if "reached" not in said:
            raise AssertionError(f"the sender did not get to its point: {said}{self.last_words()}")

    def let_go(self) -> None:
        """Let the process go on from its point."""
        self._door.send("go")

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process without a last word; one that is frozen too."""
        self._child.kill()
        self._child.join()

    def result(self) -> dict:
        """Wait for the end and return what the process said of it; giving up is none."""
        said = self.end()
        if "error" in said:
            raise AssertionError(f"the sender gave up: {said}{self.last_words()}")
        return said

    def end(self) -> dict:
        """Wait for the end and return what the process said of it, also when it gave up with a sentence."""
        said = self._hear()
        self._child.join()
        if self._child.exitcode not in (0, 5):
            raise AssertionError(f"the sender ended with {self._child.exitcode}: {said}{self.last_words()}")
        return said

    def wait(self) -> None:
        """Wait for the end, whichever it is."""
        self._child.join()

    def last_words(self) -> str:
        """Return the end of what the process wrote about its troubles."""
        return Path(self._errors.name).read_text(encoding="utf-8")[-4000:]

    def _signal(self, number) -> None:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(self._child.pid, number)

    def _hear(self) -> dict:
        """Return the next thing that the process says; nothing if it ends without."""
        try:
            return self._door.recv()
        except EOFError:
            return {}
