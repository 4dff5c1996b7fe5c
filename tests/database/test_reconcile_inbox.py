"""The inbox: what is strange or poisonous, several at once, and a database that goes away."""

import threading
import time

import pytest

from clients.postgres import connect
from events import Scene
from factories import TIMING, user_id
from tasks.database import broken_promises
from tasks.receipts import inbox_counts, list_strange, read_receipt, store_receipt
from tasks.reconcile import follow_inbox, reconcile_inbox


def test_what_is_strange_is_kept_counted_and_shown_with_why(scene_18):
    scene = scene_18
    text = "a secret of a person"
    raw = scene.platform.body(
        {**scene.platform.wrote(1, scene.at), "message": [text]}, scene.platform.tapped(1, scene.at)
    )
    store_receipt(scene.connection, raw)
    store_receipt(scene.connection, b"\x00 no json")

    report = scene.reconcile()
    strange = list_strange(scene.connection, most=5)

    assert (report.bodies, report.events, report.strange, report.interactions) == (2, 3, 2, 1)
    assert [row["strange"] for row in strange] == [
        "the body is no JSON: 1",
        "something else stands where an object belongs: 1",
    ]
    assert read_receipt(scene.connection, strange[1]["receipt_id"]) == raw
    assert inbox_counts(scene.connection) == {
        "waiting_count": 0, "applied_count": 2, "strange_count": 2, "receipt_count": 0,
    }  # fmt: skip


def test_one_poisonous_body_is_set_aside_and_all_others_are_applied(scene):
    # What no reader lets through today: the database itself refuses the person's id.
    scene.connection.execute(f"ALTER TABLE interaction ADD CHECK (user_id <> '{user_id(13)}')")
    for number in range(40):
        scene.tell(scene.platform.wrote(number, scene.at))

    report = scene.reconcile()

    assert (report.bodies, report.strange, report.interactions) == (40, 1, 39)
    (set_aside,) = list_strange(scene.connection, most=5)
    assert set_aside["strange"] == "it could not be applied: 1"
    assert user_id(13).encode() in read_receipt(scene.connection, set_aside["receipt_id"])
    assert user_id(13) not in scene.openers()


def test_what_is_wrong_with_the_database_sets_nothing_aside(scene_18):
    scene = scene_18
    scene.tell(scene.platform.wrote(1, scene.at))
    scene.connection.execute("ALTER TABLE watermark RENAME TO gone")
    scene.tell(scene.platform.read(1, scene.at, watermark=scene.at))

    with pytest.raises(Exception, match="watermark"):
        scene.reconcile()

    assert inbox_counts(scene.connection)["waiting_count"] == 2


def test_several_at_once_apply_each_body_once_and_no_receipt_misses_its_message(world_18, tmp_path):
    scene = Scene(world_18, tmp_path, numbers=range(1, 61))
    url = scene.connection.info.dsn
    for one in scene.sent:
        scene.tell(scene.platform.delivery(one.number, scene.at + 5, mids=[one.mid]))
        scene.tell(scene.platform.wrote(one.number, scene.at))
    stop, totals = threading.Event(), []

    def follow():
        totals.append(follow_inbox(url, timing=TIMING, stop=stop))

    threads = [threading.Thread(target=follow) for _ in range(3)]
    for thread in threads:
        thread.start()
    scene.answer_all()
    wait_for(lambda: world_18.states(scene.campaign_id) == {"delivered": 60})
    stop.set()
    for thread in threads:
        thread.join(20)

    assert sum(total.bodies for total in totals) == 120
    assert sum(total.interactions for total in totals) == 60
    assert scene.waiting() == []
    assert broken_promises(scene.connection) == {}


def test_whoever_follows_outlives_its_connection(world_18, tmp_path):
    scene = Scene(world_18, tmp_path)
    stop = threading.Event()
    thread = threading.Thread(
        target=follow_inbox, args=(scene.connection.info.dsn,), kwargs={"timing": TIMING, "stop": stop}
    )
    thread.start()
    scene.tell(scene.platform.wrote(7, scene.at))
    wait_for(lambda: user_id(7) in scene.openers())

    scene.connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    scene.tell(scene.platform.wrote(8, scene.at))
    wait_for(lambda: user_id(8) in scene.openers())
    stop.set()
    thread.join(20)

    assert not thread.is_alive()


def wait_for(holds, *, seconds=60):
    give_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up_at, "it did not come about in time"
        time.sleep(0.05)


def test_what_a_killed_process_had_begun_is_done_by_the_next(scene_18):
    scene = scene_18
    (one,) = scene.sent
    scene.answer(one)
    scene.tell(scene.platform.delivery(1, scene.at + 5, mids=[one.mid]), scene.platform.wrote(1, scene.at))

    with connect(scene.connection.info.dsn) as dying, dying.transaction(force_rollback=True):
        assert reconcile_inbox(dying, timing=TIMING).bodies == 1
    assert scene.stands()[0] == "sent"

    assert scene.reconcile().bodies == 1
    assert scene.stands() == ("delivered", None, 5, None)
