"""F23 to F27: the database's clock steps, it has no room, it refuses, waits, or takes a commit without saying so."""

import asyncio
import os
import resource
import time
from contextlib import ExitStack, asynccontextmanager, suppress

import psutil
import psycopg
import pytest
from proxy import Cut, proxying
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import servers
from factories import TIMING

T1 = b"-- T1: takes the next messages"
T2 = b"-- T2: records how attempts ended"


@asynccontextmanager
async def proxied(scene):
    """Give a proxy before the scene's database, and the URL that leads through it."""
    folder = conninfo_to_dict(scene.database)["host"]
    async with proxying(lambda: asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")) as proxy:
        yield proxy, make_conninfo(scene.database, host="127.0.0.1", port=proxy.port)


@pytest.mark.parametrize("cut", list(Cut))
async def test_f27_a_claim_whose_answer_is_lost_is_never_posted(make_scene, cut):
    scene = make_scene(in_flight=4)

    async with proxied(scene) as (proxy, url):
        proxy.cut_after(T1, cut=cut, pass_number=3)
        end = await asyncio.to_thread(scene.run_until_done, database=url)
    found = scene.evidence()

    given_back = [row for row in found.attempts.values() if row["provider_text"] == "the answer of the claim was lost"]
    posted = {post.metadata for post in found.posts}
    assert proxy.cuts == 1
    assert end.state == "finished"
    assert posted.isdisjoint(str(row["attempt_id"]) for row in given_back)
    # Cut at once, the claim may come to life after it was given back: then it is left to the rescuer, unsent.
    assert set(found.states) <= ({"sent"} if cut is Cut.BEFORE_THE_ANSWER else {"sent", "unknown"})
    assert len(found.accepted) == found.states["sent"] == len(found.posts)
    if cut is Cut.BEFORE_THE_ANSWER:
        assert given_back != []


@pytest.mark.parametrize("cut", list(Cut))
async def test_f27_an_outcome_whose_commit_got_no_answer_is_recorded_once_more_without_harm(make_scene, cut):
    scene = make_scene(in_flight=4)

    async with proxied(scene) as (proxy, url):
        proxy.cut_after(T2, cut=cut, pass_number=2)
        end = await asyncio.to_thread(scene.run_until_done, database=url)
    found = scene.evidence()

    assert proxy.cuts == 1
    assert end.state == "finished"
    assert found.unknown_before_echoes == 0
    assert found.states == {"sent": 20}
    assert len(found.posts) == 20


@pytest.mark.parametrize(
    ("table", "application"), [("message_list", "windowcast record"), ("pace", "windowcast claim")]
)
async def test_f25_a_lock_timeout_repeats_the_transaction_and_never_the_post(make_scene, table, application):
    scene = make_scene(in_flight=4, per_second=100)
    _set(scene, "lock_timeout = '100ms'")
    scene.add_fault({"kind": "delay", "seconds": 0.4}, after=4, count=1)

    run = asyncio.create_task(scene.run())
    await _until(lambda: any(post.fault for post in scene.posts()))
    async with await psycopg.AsyncConnection.connect(scene.database) as holder:
        await holder.execute(f"SELECT FROM windowcast.{table} FOR UPDATE")
        await _until(lambda: _is_held_up(scene, application))
        await asyncio.sleep(0.6)
    end = await run
    found = scene.evidence()

    assert end.state == "finished"
    assert found.unknown_before_echoes == 0
    assert found.states == {"sent": 20}
    assert len(found.posts) == 20


async def test_f25_a_deadlock_repeats_the_transaction_and_never_the_post(make_scene):
    scene = make_scene(in_flight=1)
    _set(scene, "deadlock_timeout = '500ms'")
    scene.add_fault({"kind": "delay", "seconds": 0.4}, after=4, count=1)

    run = asyncio.create_task(scene.run())
    await _until(lambda: any(post.fault for post in scene.posts()))
    async with await psycopg.AsyncConnection.connect(scene.database) as rival:
        # The rival is never the one that is ended: it does not look for deadlocks in time.
        await rival.execute("SET deadlock_timeout = '30s'")
        await rival.execute("SELECT FROM windowcast.message_list FOR UPDATE")
        await _until(lambda: _is_held_up(scene, "windowcast record"))
        # T2 holds its attempt and waits for the message; now the rival wants the attempt.
        await rival.execute("SELECT FROM windowcast.attempt FOR UPDATE")
    end = await run
    found = scene.evidence()

    assert _deadlocks(scene) == 1
    assert end.state == "finished"
    assert found.states == {"sent": 20}
    assert len(found.posts) == 20


@pytest.mark.parametrize("step_seconds", [-3600, -5, 3600], ids=["an hour back", "five seconds back", "an hour ahead"])
async def test_f23_a_step_of_the_databases_clock_costs_no_copy_and_no_row(make_scene, step_seconds):
    scene = make_scene(people=40, per_second=20, in_flight=10)

    run = asyncio.create_task(scene.run())
    await _until(lambda: len(scene.posts()) >= 10)
    scene.put_clock_ahead(seconds=step_seconds)
    end = await run
    found = scene.evidence(clock_off_seconds=abs(step_seconds))

    assert end.state == "finished"
    assert found.states == {"sent": 40}
    assert len(found.posts) == 40


async def test_f23_a_step_back_that_the_reserve_covers_sends_nothing_late(make_scene):
    # Windows that become too short for a claim some three seconds after the start, which is before the turn of all.
    closing = 24 - (TIMING.margin_seconds + TIMING.reserve_seconds + 2) / 3600
    scene = make_scene(people=30, per_second=5, in_flight=10, hours_ago=closing)

    run = asyncio.create_task(scene.run())
    await _until(lambda: len(scene.posts()) >= 5)
    scene.put_clock_ahead(seconds=-1)
    await run
    found = scene.evidence(clock_off_seconds=1)

    assert set(found.states) == {"sent", "expired"}
    assert found.states["sent"] > 5


@pytest.fixture(scope="module")
def cramped_server():
    """A Postgres with five connections in all, and WAL files of one megabyte."""
    server = servers.private_18(
        options="-c max_connections=5 -c superuser_reserved_connections=0 -c max_wal_senders=0 -c autovacuum=off",
        init=("--wal-segsize=1",),
    )
    server.make_template()
    yield server
    server.stop()


def test_f24_ten_senders_at_a_server_with_five_connections_wait_or_give_up_and_post_nothing_twice(
    make_scene, cramped_server
):
    scene = make_scene(server=cramped_server, people=120, in_flight=5, per_second=15, database_patience_seconds=3)

    with ExitStack() as stack:
        senders = [stack.enter_context(scene.start_sender()) for _ in range(10)]
        ends = [sender.end() for sender in senders]
    end = scene.run_until_done()
    found = scene.evidence()

    refused = [said["error"] for said in ends if "error" in said]
    assert any("too many clients" in sentence for sentence in refused)
    assert end.state == "finished"
    assert found.unknown_before_echoes == 0
    assert found.states == {"sent": 120}
    assert len(found.posts) == 120


def test_f26_a_commit_that_the_server_cannot_write_is_followed_by_no_post(make_scene, cramped_server):
    scene = make_scene(server=cramped_server, in_flight=1)

    with scene.start_sender(point="t1_open", hit=5) as sender:
        sender.wait_until_reached()
        backends = _children(_postmaster(scene))
        # Nothing can be written any more, so the commit of T1 ends the server's processes; it then recovers by itself.
        _limit_files(backends, most_bytes=0)
        sender.let_go()
        result = sender.result()
    found = scene.evidence()

    assert [one for one in backends if one.is_running()] == []
    assert result["state"] == "finished"
    assert found.states == {"sent": 20}
    assert len(found.posts) == len(found.attempts) == 20


def test_f26_while_the_disk_is_full_nothing_is_posted_and_then_everything_is(make_scene, cramped_server):
    scene = make_scene(server=cramped_server, people=40, in_flight=1)
    size = _fill_attempts(scene)

    with scene.start_sender(point="t1_open", hit=3) as sender:
        sender.wait_until_reached()
        postmaster = _postmaster(scene)
        # Not one page can be added to the table: what a full disk is to an INSERT.
        _limit_files([postmaster, *_children(postmaster)], most_bytes=size + 4096)
        sender.let_go()
        _wait_until(lambda: _rollbacks(scene) >= 1)
        posts_at_first = len(scene.posts())
        _wait_until(lambda: _rollbacks(scene) >= 5)
        posts_later = len(scene.posts())
        _limit_files([postmaster, *_children(postmaster)], most_bytes=resource.RLIM_INFINITY)
        result = sender.result()
    found = scene.evidence()

    assert posts_at_first == posts_later < 40
    assert result["state"] == "finished"
    assert found.states == {"sent": 40}
    assert len(found.posts) == 40


def _fill_attempts(scene) -> int:
    """Fill the table of attempts with old ones until it is larger than a file of WAL; return its size in bytes."""
    with psycopg.connect(scene.database, autocommit=True) as connection:
        # One by one, and each smaller than a new one: no room is left in the pages that are there.
        connection.execute(
            """
            DO $$ BEGIN FOR number IN 1..8000 LOOP
                INSERT INTO windowcast.attempt (
                    attempt_id, message_id, account_id, user_id, worker, started_at, slot_at, lease_until, opener_at,
                    outcome, ended_at, settled_at
                )
                SELECT gen_random_uuid(), m.message_id, m.account_id, m.user_id, 'x', 'epoch', 'epoch',
                    'epoch', 'epoch', 'not_sent', 'epoch', 'epoch'
                FROM windowcast.message_list AS m LIMIT 1;
            END LOOP; END $$
            """
        )
        return connection.execute("SELECT pg_relation_size('windowcast.attempt')").fetchone()[0]


def _rollbacks(scene) -> int:
    with psycopg.connect(scene.database, autocommit=True) as connection:
        found = connection.execute("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")
        return found.fetchone()[0]


def _postmaster(scene) -> psutil.Process:
    with psycopg.connect(scene.database, autocommit=True) as connection:
        return psutil.Process(connection.info.backend_pid).parent()


def _children(postmaster) -> list[psutil.Process]:
    return postmaster.children()


def _limit_files(processes, *, most_bytes) -> None:
    """Let these processes write no file beyond a size, as with ulimit -f; Postgres takes the signal for an error.

    The caller's real user has to be theirs: root alone may not, where it runs with few capabilities.
    """
    ours, owner, group = os.getresuid(), processes[0].uids().real, processes[0].gids().real
    if ours[1] == 0:
        os.setresgid(group, -1, -1)
        os.setresuid(owner, -1, -1)
    try:
        for process in processes:
            with suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    finally:
        if ours[1] == 0:
            os.setresuid(ours[0], -1, -1)
            os.setresgid(0, -1, -1)


def _wait_until(condition, *, seconds=60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _set(scene, what) -> None:
    with psycopg.connect(scene.database, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {what}")


def _deadlocks(scene) -> int:
    with psycopg.connect(scene.database, autocommit=True) as connection:
        row = connection.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone()
        return row[0]


def _is_held_up(scene, application) -> bool:
    with psycopg.connect(scene.database, autocommit=True) as connection:
        found = connection.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
            "AND application_name = %s",
            [application],
        )
        return found.rowcount > 0


async def _until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  it happens in another process, which sets no event here
            await asyncio.sleep(0.01)
