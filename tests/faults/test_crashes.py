"""F1 to F6: a sender dies, or Postgres does, at every step of a message's way."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest

import servers

PEOPLE = 20

# For each point: how many messages a kill leaves unknown until echoes are read, and for good.
KILLS = [
    pytest.param("t1_open", 0, 0, id="F1 before T1"),
    pytest.param("claimed", 1, 1, id="F2 after T1, before the POST"),
    pytest.param("posted", 1, 0, id="F3 after the bytes left, before the answer"),
    pytest.param("responded", 1, 0, id="F4 after the answer, before T2"),
    pytest.param("t2_open", 0, 0, id="F4 inside T2, which commits after the death"),
    pytest.param("recorded", 0, 0, id="F5 after T2"),
]
VERSIONS = ["18", *(["15"] if servers.found_15() else [])]
POINTS = [point.values[0] for point in KILLS]


@pytest.fixture(scope="module")
def killed(make_module_scene):
    """What is left of senders that were killed, after a second run has ended their campaigns.

    By point, with one message under way; by version of Postgres, with eight. They all run at once, since each of them
    waits for the leases of the dead.
    """
    scenes = {point: (make_module_scene(people=PEOPLE, in_flight=1), point) for point in POINTS}
    for version in VERSIONS:
        scenes[version] = make_module_scene(version=version, people=PEOPLE, in_flight=8), "claimed"
    with ThreadPoolExecutor(len(scenes)) as pool:
        return dict(zip(scenes, pool.map(lambda one: _kill_and_run_again(*one), scenes.values()), strict=True))


@pytest.mark.parametrize(("point", "unknown_at_first", "unknown_for_good"), KILLS)
def test_a_killed_sender_costs_no_copy_and_no_row(killed, point, unknown_at_first, unknown_for_good):
    found = killed[point]

    assert found.unknown_before_echoes == unknown_at_first
    assert found.states == _states(unknown=unknown_for_good)
    assert len(found.accepted) == PEOPLE - unknown_for_good


def test_a_message_whose_sender_died_before_the_post_was_never_posted(killed):
    found = killed["claimed"]

    unknown = [person for person, row in found.messages.items() if row["state"] == "unknown"]

    assert [found.posts_to(person) for person in unknown] == [[]]


@pytest.mark.parametrize("point", POINTS)
def test_a_sender_outlives_a_crash_of_postgres_at_every_point(make_scene, private_servers, point):
    scene = make_scene(people=PEOPLE, in_flight=1)

    with standing_at(scene, point) as sender:
        private_servers("18").restart_hard()
        if point not in ("posted", "t2_open"):
            sender.let_go()
        result = sender.result()
    found = scene.evidence()

    assert result["state"] == "finished"
    assert found.unknown_before_echoes == (1 if point == "posted" else 0)
    assert found.states == {"sent": PEOPLE}


@pytest.mark.parametrize("version", VERSIONS)
def test_with_many_messages_under_way_a_kill_costs_the_certainty_of_those_alone(killed, version):
    found = killed[version]

    assert 1 <= found.unknown_before_echoes <= 8
    assert found.states["sent"] >= PEOPLE - 8
    assert set(found.states) <= {"sent", "unknown"}


@pytest.mark.parametrize("version", VERSIONS)
def test_with_many_messages_under_way_a_crash_of_postgres_costs_nothing(make_scene, private_servers, version):
    scene = make_scene(version=version, people=PEOPLE, in_flight=8)

    with standing_at(scene, "responded") as sender:
        private_servers(version).restart_hard()
        sender.let_go()
        result = sender.result()
    found = scene.evidence()

    assert result["state"] == "finished"
    assert found.states == {"sent": PEOPLE}


def _states(*, unknown):
    return {"sent": PEOPLE - unknown, **({"unknown": unknown} if unknown else {})}


def _kill_and_run_again(scene, point):
    # One by one, the fifth message is struck; eight at once, those of the second claim.
    with standing_at(scene, point, hit=5 if scene.settings.in_flight == 1 else 2) as sender:
        sender.kill()
    scene.run_until_done()
    return scene.evidence()


@contextmanager
def standing_at(scene, point, *, hit=5):
    """Run a sender until it stands at a pass of a point, and yield it."""
    match point:
        case "posted":
            scene.add_fault({"kind": "perform_then_hang", "seconds": 2}, after=hit - 1, count=1)
            with scene.start_sender() as sender:
                _wait_for(lambda: any(post.fault for post in scene.posts()))
                yield sender
        case "t2_open":
            with scene.start_sender(point="responded", hit=hit) as sender:
                sender.wait_until_reached()
                with _attempts_held(scene.database):
                    sender.let_go()
                    _wait_for(lambda: _is_recorder_held_up(scene.database))
                    yield sender
        case _:
            with scene.start_sender(point=point, hit=hit) as sender:
                sender.wait_until_reached()
                yield sender


@contextmanager
def _attempts_held(database):
    """Hold the rows of all attempts; the connection may die meanwhile."""
    with closing(psycopg.connect(database)) as holder:
        holder.execute("SELECT FROM windowcast.attempt FOR UPDATE")
        yield


def _is_recorder_held_up(database) -> bool:
    with psycopg.connect(database, autocommit=True) as connection:
        found = connection.execute(
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
            "AND application_name = 'windowcast record'"
        )
        return found.rowcount > 0


def _wait_for(condition, *, seconds=60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
