"""A process that has imported everything already and sends a campaign in a fork of itself, which it can have killed.

It reads one job as a line of JSON, forks, waits for the fork to end, and answers with a line of JSON: how it ended and
which points it passed. A point is a moment of the fork's way: before a statement is given to psycopg, while it runs,
after it has its answer; before a POST, after its answer.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parents[2]


class Reaper:
    """Counts the points that this process passes, and kills it at the one with the chosen number (from 1; 0: none).

    Every point is written to the pipe before it is passed, so that they can be counted when the process is no more.
    """

    def __init__(self, number: int, *, during_seconds: float, pipe: int) -> None:
        self._left = number
        self._during_seconds = during_seconds
        self._pipe = pipe

    def pass_by(self, name: str) -> None:
        """Come to a point; of the chosen one there is no way back."""
        os.write(self._pipe, f"{name}\n".encode())
        self._left -= 1
        if self._left != 0:
            return
        if name.startswith("during"):
            # The alarm's own action ends the process wherever it is then, without a last word, as SIGKILL would.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, self._during_seconds)
        else:
            os.kill(os.getpid(), signal.SIGKILL)


def watch_the_doors(reaper: Reaper) -> None:
    """Make every statement and every POST of this process come by the reaper."""
    import psycopg

    from clients.graph.messenger import GraphMessenger

    send, execute, execute_async = GraphMessenger.send, psycopg.Cursor.execute, psycopg.AsyncCursor.execute

    def watched_execute(self, statement, *arguments, **named):
        name = name_of(statement)
        reaper.pass_by(f"before {name}")
        reaper.pass_by(f"during {name}")
        found = execute(self, statement, *arguments, **named)
        reaper.pass_by(f"after {name}")
        return found

    async def watched_execute_async(self, statement, *arguments, **named):
        name = name_of(statement)
        reaper.pass_by(f"before {name}")
        reaper.pass_by(f"during {name}")
        found = await execute_async(self, statement, *arguments, **named)
        reaper.pass_by(f"after {name}")
        return found

    async def watched_send(self, *arguments, **named):
        reaper.pass_by("before POST")
        reaper.pass_by("during POST")
        outcome = await send(self, *arguments, **named)
        reaper.pass_by("after POST")
        return outcome

    psycopg.Cursor.execute, psycopg.AsyncCursor.execute = watched_execute, watched_execute_async
    GraphMessenger.send = watched_send


def name_of(statement) -> str:
    """Return the first line of a statement: for those of sql/ it is the comment that says what they do."""
    text = statement.decode() if isinstance(statement, bytes) else str(statement)
    return text.split("\n", 1)[0][:60]


def send(job, *, pipe: int) -> None:
    """Send the campaign of a job in this process, as far as its reaper lets it come."""
    from clients.settings import Settings
    from tasks.running import run_campaign

    os.environ.update(job["environment"])
    watch_the_doors(Reaper(job["kill_at"], during_seconds=job["during_seconds"], pipe=pipe))
    chosen = Settings()
    url = chosen.database_url.get_secret_value()
    end = asyncio.run(run_campaign(url, UUID(job["campaign_id"]), chosen=chosen, stop=asyncio.Event()))
    os.write(pipe, f"ended {end.state}\n".encode())


def fork_and_wait(job) -> dict:
    """Do a job in a fork; return how the fork ended and the points it came to."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            send(job, pipe=writing)
        except BaseException as error:  # noqa: BLE001  the fork must not go on as a second server
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as lines:
        points = lines.read().splitlines()
    _, status = os.waitpid(pid, 0)
    ended = [point.removeprefix("ended ") for point in points if point.startswith("ended ")]
    points = [point for point in points if not point.startswith("ended ")]
    return {"code": os.waitstatus_to_exitcode(status), "points": points, "state": ended[0] if ended else None}


def main() -> None:
    """Serve jobs until nobody gives any more."""
    sys.path.insert(0, str(ROOT))
    # Everything that a run imports, the late ones too, so that a fork starts at once.
    import psycopg  # noqa: F401  # loaded once here, so that no forked sender has to

    import tasks.running  # noqa: F401  # the same

    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(fork_and_wait(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
