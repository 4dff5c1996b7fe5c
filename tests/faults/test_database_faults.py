"""F23 to F27: the database's clock steps, it has no room, it refuses, waits, or takes a commit without saying so."""

import asyncio
import resource
from contextlib import ExitStack, asynccontextmanager, contextmanager

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
    scene = make_scene(server=cramped_server, people=120, in_flight=5, per_second=60, database_patience_seconds=3)

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
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  it happens in another process, which sets no event here
            await asyncio.sleep(0.01)
