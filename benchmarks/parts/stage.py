"""A durable Postgres of its own for a benchmark, with campaigns that are sending, and the bars of figures."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

import servers
from clients.postgres import connect
from domain.pace import Timing
from factories import World
from tasks.accounts import find_account
from tasks.campaigns import get_campaign, start_campaign
from tasks.share import ShareOrder
from tasks.templates import get_template

TIMING = Timing(read_timeout_seconds=20, margin_seconds=30)

# Adds people 2 to n to a campaign of one. Windows close in the order of the rows' hashes, 2 to 23 hours from now.
_MORE_PEOPLE = """
WITH person AS (
    SELECT
        m.*,
        n,
        (90000000000000000 + n)::text AS new_user_id,
        clock() - (1 + abs(hashint8(n)) %% 1260 / 60.0) * interval '1 h' AS opened_at
    FROM message_list AS m CROSS JOIN generate_series(2, %(people)s) AS n
    WHERE m.campaign_id = %(campaign_id)s
), known AS (
    INSERT INTO last_interaction (account_id, user_id, opener_at, opener_kind)
    SELECT account_id, new_user_id, opened_at, 'message' FROM person
)
INSERT INTO message_list (campaign_id, account_id, row_number, typed_user_id, user_id, cells, state, closes_at)
SELECT campaign_id, account_id, n, new_user_id, new_user_id, cells, state, opened_at + interval '23 h 59 min 30 s'
FROM person
"""


class Stage:
    """One server; each campaign gets people whose windows close in another order than the rows stand in."""

    def __init__(self, server: servers.Server) -> None:
        self._server = server

    def new_database(self, *, template: str = "windowcast_template") -> str:
        """Return the URL of an empty database: with our schema, or like another template."""
        return self._server.url(self._server.create(template=template))

    def campaign(self, url: str, people: int, *, per_second: float | None = None) -> ShareOrder:
        """Make a campaign that is sending, and return the order to send all of it."""
        folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
        with connect(url) as connection:
            world = World(connection)
            number = connection.execute("SELECT count(*) AS n FROM account").fetchone()["n"]
            account = world.account(per_second=per_second, name=f"Page {number}", external_id=str(10**11 + number))
            world.people_write(account, [1])
            campaign_id = world.submit_ids(folder, [1], account=account)
            start_campaign(connection, campaign_id, timing=TIMING)
            connection.execute(_MORE_PEOPLE, {"campaign_id": campaign_id, "people": people})
        return self.order(url, campaign_id, limit=people)

    def cpu_seconds(self, url: str) -> float:
        """Return the CPU seconds that all processes of the server have used, those that ended included."""
        with connect(url) as connection:
            server = psutil.Process(connection.info.backend_pid).parent()
        times = [server.cpu_times()]
        for process in server.children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # it ended just now
                times.append(process.cpu_times())
        return times[0].children_user + times[0].children_system + sum(one.user + one.system for one in times)

    def settle(self, url: str) -> None:
        """Do what a running server does by and by: statistics, visibility, a checkpoint."""
        with connect(url) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    @staticmethod
    def order(url: str, campaign_id, *, limit: int) -> ShareOrder:
        """Return the order to send a campaign that is sending."""
        with connect(url) as connection:
            campaign = get_campaign(connection, campaign_id)
            return ShareOrder(
                campaign_id=campaign_id,
                account=find_account(connection, campaign["account"]),
                template=get_template(connection, campaign["template_id"]),
                timing=TIMING,
                limit=limit,
            )


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Run a server with fsync and synchronous_commit on, as they are by default."""
    server = servers.private_18(
        options="-c fsync=on -c full_page_writes=on -c max_connections=400 -c shared_buffers=512MB -c max_wal_size=4GB"
    )
    try:
        server.make_template()
        yield Stage(server)
    finally:
        server.stop()


@dataclass
class Bars:
    """The bars of one benchmark: each figure is printed with its bar, and a missed one makes the exit code 1."""

    title: str
    missed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        print(f"{datetime.now(UTC):%Y-%m-%d} {self.title}", flush=True)

    def say(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def check(self, text: str, *, holds: bool, bar: str) -> None:
        """Print a figure beside its bar."""
        self.say(f"{text}  [{'ok' if holds else 'MISSED'}: {bar}]")
        if not holds:
            self.missed.append(bar)

    def end(self) -> None:
        """Leave the process, with 1 when a bar was missed."""
        sys.exit(1 if self.missed else 0)
