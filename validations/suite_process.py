"""Great Expectations in a process of its own: it is imported while its parent reads and stages the list.

The import takes seconds of a core. In a thread it would take them from everything that the parent does in Python.
"""

import os
import pickle
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

from domain.recipient_rules import RuleResult
from domain.template import Template

_ROOT: Final = Path(__file__).resolve().parents[1]
# A process that nobody asks for so long ends by itself: a sender has better uses for its memory.
_IDLE_SECONDS: Final = 120.0


class SuiteProcess:
    """A process that imports the library at once and then runs suites, one after the other, until it is closed."""

    def __init__(self) -> None:
        """Start the process; it ends with this one, however this one ends."""
        self._child = subprocess.Popen(  # our own module
            [sys.executable, "-P", "-m", "validations.suite_process"],
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent, whose end is the end of the input here
        )

    @property
    def is_alive(self) -> bool:
        """Whether the process can still be asked."""
        return self._child.poll() is None

    def start(self, database_url: str, campaign_id: UUID, *, template: Template) -> None:
        """Start the suite of a template version on the staged rows of a campaign."""
        _write(self._child.stdin, (database_url, campaign_id, template))

    def finish(self) -> list[RuleResult]:
        """Return the results of the suite that was started. Raises RuntimeError with the reason when it failed."""
        assert self._child.stdout is not None
        try:
            results, failure = pickle.load(self._child.stdout)  # noqa: S301  # written by our own process
        except EOFError:
            results, failure = [], f"its process ended with the exit code {self._child.wait()}"
        if failure is not None:
            raise RuntimeError(f"The suite of the list did not run: {failure}")
        checked: list[RuleResult] = results
        return checked

    def close(self) -> None:
        """End the process."""
        self._child.kill()
        self._child.communicate()


def main() -> None:
    """Import the library, then answer requests until there is no more input."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library that prints does not disturb the answers
    from validations.recipients_suite import load_library

    load_library()
    while select.select([sys.stdin], [], [], _IDLE_SECONDS)[0]:
        try:
            request = pickle.load(sys.stdin.buffer)  # noqa: S301  # written by our own parent
        except EOFError:
            return
        _write(answers, _answer(*request))


def _answer(database_url: str, campaign_id: UUID, template: Template) -> tuple[Sequence[RuleResult], str | None]:
    from validations.recipients_suite import validate_staged_rows

    try:
        return validate_staged_rows(database_url, campaign_id, template=template), None
    except Exception as error:  # noqa: BLE001  # the parent raises it
        return [], f"{type(error).__name__}: {error}"


def _write(stream: IO[bytes] | None, value: Any) -> None:
    assert stream is not None
    pickle.dump(value, stream)
    stream.flush()


if __name__ == "__main__":
    main()
