"""One campaign on two machines: they share its pace, and the end of one, or of the server, sends nothing twice."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from bisect import bisect_left
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from namespaces import running_machines
from prefect_machine import PrefectServer, make_timed_campaign, start_server, wait_until

PER_SECOND = 40
MOST_IN_A_SECOND = 41
# What a busy machine delays on the way comes together: in a second arrives at most what may start in a tenth more.
MOST_ARRIVING = 46
PEOPLE = 800


class Cluster:
    """Two machines with a worker each, a Prefect server that can be killed and started again, and one shop."""

    def __init__(self, machines, server: PrefectServer, shop, *, database: str, restart) -> None:
        self.machines = machines
        self.server = server
        self.shop = shop
        self.database = database
        self.restart_server = restart

    def submit(self) -> str:
        at = datetime.now(UTC) + timedelta(seconds=3)
        with self.server.used_here():
            return make_timed_campaign(self.database, self.shop.command.folder, range(PEOPLE), at=at, shares=2)

    def wait_until_both_send(self) -> None:
        wait_until(lambda: len(self.sent_by_machine()) == 2, seconds=60, every=0.2)

    def sent_by_machine(self) -> Counter:
        """How many messages each machine has begun, by the name in their attempts."""
        with psycopg.connect(self.database) as connection:
            found = connection.execute("SELECT split_part(worker, ':', 1), count(*) FROM windowcast.attempt GROUP BY 1")
            return Counter(dict(found.fetchall()))

    def sent_together(self) -> Counter:
        """The same of the time in which all of them sent: how soon a run starts is no matter of who sends what."""
        with psycopg.connect(self.database) as connection:
            found = connection.execute(
                """
                WITH begun AS (SELECT split_part(worker, ':', 1) AS machine, started_at FROM windowcast.attempt)
                SELECT machine, count(*) FROM begun
                WHERE started_at >= ALL(SELECT min(started_at) FROM begun GROUP BY machine)
                GROUP BY machine
                """
            )
            return Counter(dict(found.fetchall()))

    def slots(self) -> dict[str, float]:
        """When the POST of each attempt was to start, in seconds: it starts within 23 ms, or takes another slot."""
        with psycopg.connect(self.database) as connection:
            found = connection.execute(
                "SELECT attempt_id::text, extract(EPOCH FROM slot_at)::float8 FROM windowcast.attempt"
            )
            return dict(found.fetchall())

    def by_state(self, campaign_id: str) -> dict[str, int]:
        shown = self.shop.command.json("campaigns", "show", campaign_id)
        return {state: count for state, count in shown["by_state"].items() if count}

    def wait_until_over(self, campaign_id: str, *, seconds: float) -> None:
        """Wait until the campaign is finished and no run of it is left."""
        ended = {"COMPLETED", "CANCELLED", "FAILED", "CRASHED"}

        def is_over() -> bool:
            shown = self.shop.command.json("campaigns", "show", campaign_id)
            runs = self.server.runs(campaign_id)
            return shown["state"] == "finished" and all(run["state"]["type"] in ended for run in runs)

        wait_until(is_over, seconds=seconds)


@pytest.fixture(scope="module")
def server(tmp_path_factory, running_servers):
    """A Prefect server of these tests alone, with everything deployed: [the server, how to kill it and start it]."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = [start_server(home, port)]

    def restart() -> None:
        os.killpg(running[0].pid, signal.SIGKILL)
        running[0].wait(timeout=20)
        running[0] = start_server(home, port)

    server = PrefectServer(f"http://127.0.0.1:{port}/api", home)
    postgres = running_servers("embedded 18")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WINDOWCAST_DATABASE_URL", postgres.url(postgres.create()))
            patch.setenv("WINDOWCAST_HOME", str(home / "windowcast"))
            deployed = server.windowcast("deploy", "--json")
        assert deployed.returncode == 0, deployed.stderr
        yield server, restart
    finally:
        os.killpg(running[0].pid, signal.SIGTERM)
        running[0].wait(timeout=20)


@pytest.fixture
def cluster(server, shop, database_18, monkeypatch):
    """Two machines whose workers wait for runs, and an account with the pace of a Page and people to write to."""
    server, restart = server
    shop.people_write(range(PEOPLE))
    with psycopg.connect(database_18) as connection:
        connection.execute("UPDATE windowcast.pace SET per_second = %s", [PER_SECOND])
    monkeypatch.setenv("WINDOWCAST_READ_TIMEOUT_SECONDS", "3")  # so that the leases of the dead end in seconds
    ports = [int(url.rstrip("/api").rpartition(":")[2]) for url in (server.url, shop.platform.url)]
    with (
        tempfile.TemporaryDirectory(prefix="windowcast-") as folder,
        running_machines("north", "south", folder=Path(folder), ports=ports) as machines,
    ):
        for machine in machines:
            machine.start_worker(server.environment(), log=server.home / f"{machine.name}.log")
        yield Cluster(machines, server, shop, database=database_18, restart=restart)


def test_two_machines_share_one_campaign_and_one_pace(cluster):
    campaign_id = cluster.submit()

    cluster.wait_until_over(campaign_id, seconds=90)

    networks = {str(Path("/proc/self/ns/net").readlink()), *(machine.network for machine in cluster.machines)}
    assert len(networks) == 3
    assert cluster.by_state(campaign_id) == {"sent": PEOPLE}
    assert _copies(cluster.shop) == {1: PEOPLE}
    together = cluster.sent_together()
    assert set(together) == {"north", "south"}
    assert min(together.values()) > sum(together.values()) / 4, together
    _assert_one_pace(cluster)


def test_a_machine_that_dies_midway_leaves_its_campaign_to_the_other(cluster):
    campaign_id = cluster.submit()
    cluster.wait_until_both_send()
    (first,) = [run for run in cluster.server.runs(campaign_id) if "further-run" not in run["tags"]]
    flow = int(first["infrastructure_pid"].rpartition(":")[2])
    (doomed,) = [one for one in cluster.machines if flow in {process.pid for process in one.flows()}]

    doomed.die()
    wait_until(lambda: cluster.by_state(campaign_id).keys() <= {"sent", "unknown"}, seconds=90)
    wait_until(lambda: cluster.shop.command.json("campaigns", "show", campaign_id)["state"] == "finished", seconds=30)

    left = cluster.by_state(campaign_id)
    copies = _copies(cluster.shop)
    assert set(copies) == {1}
    assert sum(left.values()) == PEOPLE
    assert left["sent"] <= copies[1] <= PEOPLE
    assert left.get("unknown", 0) < PER_SECOND * 2  # what one process had under way
    _assert_one_pace(cluster)


def test_a_server_that_is_killed_and_started_again_midway_changes_nothing(cluster):
    campaign_id = cluster.submit()
    cluster.wait_until_both_send()
    before = len(cluster.shop.accepted())

    cluster.restart_server()
    cluster.wait_until_over(campaign_id, seconds=120)

    assert before < PEOPLE
    assert cluster.by_state(campaign_id) == {"sent": PEOPLE}
    assert _copies(cluster.shop) == {1: PEOPLE}
    assert {run["state"]["type"] for run in cluster.server.runs(campaign_id)} == {"COMPLETED"}
    _assert_one_pace(cluster)


def _copies(shop) -> Counter:
    """How many people have got how many copies."""
    return Counter(Counter(message.recipient_id for message in shop.accepted()).values())


def _assert_one_pace(cluster) -> None:
    """All machines together keep the pace: in the slots of their attempts, and in when each POST came."""
    posts = [post for post in cluster.shop.platform.posts() if post.account == cluster.shop.page]
    slots = cluster.slots()
    early = [post.metadata for post in posts if post.platform_ms / 1000 < slots[post.metadata] - 0.025]

    assert early == []
    assert _most_in_a_second(list(slots.values())) <= MOST_IN_A_SECOND
    assert _most_in_a_second([post.arrived for post in posts]) <= MOST_ARRIVING


def _most_in_a_second(moments: list[float]) -> int:
    """The most moments within one second, wherever it begins."""
    ordered = sorted(moments)
    return max(bisect_left(ordered, first + 1) - place for place, first in enumerate(ordered))


def test_the_loopback_of_a_machine_is_its_own(cluster):
    """Else the others would show nothing: without its relay a machine reaches no server of this one."""
    north, _ = cluster.machines
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        tried = subprocess.run(
            ["nsenter", f"--net=/proc/{north.worker.pid}/ns/net", sys.executable, "-c",
             f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert "Connection refused" in tried.stderr
