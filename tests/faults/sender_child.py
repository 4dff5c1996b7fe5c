"""A sender in a process of its own that reports when it is at a named point, and waits there to be killed or let go.

The points are wrapped around the doors of the production code in this process alone, so production code has no hooks:
`t1_open` before the claim is sent, `claimed` when its answer was read, `responded` when the platform's answer was read,
`recorded` when the outcome was. It says that it has reached its point, then stands still until it is answered; at the
end it says what it did.
"""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

OURS = ("cli", "clients", "domain", "flows", "reports", "sql", "tasks", "validations")


@dataclass(frozen=True)
class Job:
    """What a sender is to send, with which environment; where it is to stop, and how far off its clock is."""

    campaign_id: UUID
    environment: dict[str, str]
    point: str | None
    hit: int
    clock_off_seconds: float


class WrongClock:
    """This process's wall clock, `seconds` off; it remembers which of our modules looked at it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.readers: set[str] = set()

    def install(self) -> None:
        """Replace the readings of `time`; to be called before our modules are imported."""
        true_time, true_time_ns = time.time, time.time_ns

        def read() -> float:
            self._note(sys._getframe(1).f_globals["__name__"])
            return true_time() + self.seconds

        def read_ns() -> int:
            self._note(sys._getframe(1).f_globals["__name__"])
            return true_time_ns() + int(self.seconds * 1e9)

        time.time, time.time_ns = read, read_ns

    def replace_datetimes(self) -> None:
        """Replace the class `datetime` where our modules hold it; its C methods cannot be replaced themselves."""
        from datetime import datetime, timedelta

        note, seconds = self._note, self.seconds

        class WrongDatetime(datetime):
            @classmethod
            def now(cls, tz=None):
                note(sys._getframe(1).f_globals["__name__"])
                return datetime.now(tz) + timedelta(seconds=seconds)

        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] in OURS and getattr(module, "datetime", None) is datetime:
                module.datetime = WrongDatetime

    def _note(self, module: str) -> None:
        if module.partition(".")[0] in OURS:
            self.readers.add(module)


class Turnstile:
    """Stops the process the `hit`-th time it comes to `point`."""

    def __init__(self, point: str | None, *, hit: int, door: Connection) -> None:
        self._point = point
        self._left = hit
        self._door = door

    def pass_by(self, point: str) -> None:
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            self._door.send({"reached": point})
            # Reading blocks the whole process, as being frozen would. No answer: the test is gone, and so are we.
            try:
                self._door.recv()
            except EOFError:
                os._exit(3)


def wrap_the_doors(turnstile: Turnstile) -> None:
    """Let every pass of a point go through the turnstile."""
    from clients.graph.messenger import GraphMessenger
    from clients.lasting_connection import LastingConnection
    from sql import query

    rows, rows_once = LastingConnection.rows, LastingConnection.rows_once
    send, reply = GraphMessenger.send, GraphMessenger.reply

    async def watched_rows_once(self, statement, parameters):
        is_claim = statement == query("messages/claim")
        if is_claim:
            turnstile.pass_by("t1_open")
        found = await rows_once(self, statement, parameters)
        if is_claim and found:
            turnstile.pass_by("claimed")
        return found

    async def watched_rows(self, statement, parameters):
        found = await rows(self, statement, parameters)
        if statement == query("attempts/record"):
            turnstile.pass_by("recorded")
        return found

    async def watched_send(self, recipient_id, *, content, metadata):
        outcome = await send(self, recipient_id, content=content, metadata=metadata)
        turnstile.pass_by("responded")
        return outcome

    async def watched_reply(self, entitlement, *, content, metadata):
        outcome = await reply(self, entitlement, content=content, metadata=metadata)
        turnstile.pass_by("responded")
        return outcome

    LastingConnection.rows, LastingConnection.rows_once = watched_rows, watched_rows_once
    GraphMessenger.send, GraphMessenger.reply = watched_send, watched_reply


def main(job: Job, door: Connection, log: Path) -> None:
    """Send a campaign in this process; what it writes about its troubles goes to the log."""
    with log.open("w") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(job.environment)
    clock = WrongClock(job.clock_off_seconds)
    if clock.seconds:
        clock.install()

    from clients.settings import settings
    from domain.errors import CampaignError
    from tasks.running import run_campaign

    if clock.seconds:
        clock.replace_datetimes()
    wrap_the_doors(Turnstile(job.point, hit=job.hit, door=door))
    chosen = settings()
    url = chosen.database_url.get_secret_value()
    try:
        end = asyncio.run(run_campaign(url, job.campaign_id, chosen=chosen, stop=asyncio.Event()))
    except CampaignError as error:
        door.send({"error": str(error)})
        sys.exit(5)
    door.send({"state": str(end.state), "end": str(end.report.end), "clock_readers": sorted(clock.readers)})
