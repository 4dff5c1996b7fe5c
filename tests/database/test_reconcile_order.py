"""The same events give the same tables, in whatever order, however often and in whatever pieces they come."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.receipts import BLOCKED
from events import DAY, MINUTE, SECOND, Scene
from factories import user_id
from tasks.database import broken_promises


def history(scene):
    """All that the platform could tell of a scene with four messages, one of them unknown; some of it is absurd."""
    platform, at = scene.platform, scene.at
    first, second, third, fourth = scene.sent
    return [
        platform.echo(1, at + 10, mid="m_" + first.mid, attempt_id=first.attempt_id),
        platform.echo(1, at + 12, mid=first.mid, attempt_id=first.attempt_id),
        platform.delivery(1, at + 30, mids=["m_" + first.mid]),
        platform.delivery(1, at + 20, mids=[first.mid, "of-another-app"], watermark=at + 15),
        platform.read(1, at + 50, watermark=at + 9),
        platform.read(1, at + 60, watermark=at + 10),
        platform.read(1, at + 55, watermark=at + 40),
        platform.echo(2, at + 11, mid="m_renamed", attempt_id=second.attempt_id),
        platform.delivery(2, at + 31, mids=["m_renamed"]),
        platform.delivery(3, at + 32, watermark=at + 31),
        platform.delivery(3, at + 90 * SECOND, watermark=at + 89 * SECOND),
        platform.read(3, at + 300, watermark=at + 200),
        platform.delivery(3, at + 150, mids=[third.mid]),
        platform.read(4, at + 100, watermark=at + 99),
        platform.echo(4, at + 13, mid="m_" + fourth.mid, attempt_id=fourth.attempt_id),
        platform.delivery(4, at + 40, mids=[fourth.mid]),
        platform.wrote(1, at - 5 * MINUTE, mid="m_a"),
        platform.wrote(1, at - 5 * MINUTE, mid="a"),
        platform.tapped(2, at - 2 * MINUTE),
        platform.wrote(5, at - 3 * DAY),
        platform.wrote(6, at + 5 * MINUTE),
        platform.marketing(2, at + 1, is_stop=True),
        platform.marketing(2, at + 2, is_stop=False),
        platform.marketing(3, at + 2, is_stop=False),
        platform.marketing(3, at + 3, is_stop=True),
        platform.comment(1, at - MINUTE, comment_id="1_1"),
        platform.comment(1, at - MINUTE, comment_id="1_1", verb="remove"),
        platform.comment(2, at - MINUTE, comment_id="1_2"),
        platform.comment(2, at, comment_id="1_2", verb="hide"),
        platform.comment(2, at + SECOND, comment_id="1_2", verb="unhide"),
        platform.comment(3, at, comment_id="9_9", item="post"),
        platform.policy(at, action="warning", reason="Spam."),
        platform.policy(at + 1, action="unblock"),
        platform.policy(at - 1, action="block", reason="Much spam."),
        {**platform.wrote(1, at), "message": ["?"]},
    ]


TABLES = {
    "message_list": "SELECT user_id, state, reason, platform_sent_at, delivered_at, read_at FROM message_list "
    "ORDER BY 1",
    "attempt": "SELECT user_id, outcome FROM attempt ORDER BY 1",
    "last_interaction": "SELECT user_id, opener_at, opener_kind FROM last_interaction ORDER BY 1",
    "interaction": "SELECT user_id, kind, occurred_at, event_id FROM interaction ORDER BY 1, 3, 4",
    "suppression": "SELECT user_id, kind, source, until FROM suppression ORDER BY 1",
    "marketing_answer": "SELECT user_id, stopped_at, resumed_at FROM marketing_answer ORDER BY 1",
    "entitlement": "SELECT * FROM entitlement ORDER BY object_id",
    "open_entitlement": "SELECT object_id FROM open_entitlement ORDER BY 1",
    "policy_event": "SELECT * FROM policy_event ORDER BY told_at",
    "account": "SELECT pause_reason FROM account ORDER BY account_id",
    "mid_receipt": "SELECT mid, user_id, echoed_at, delivered_at, read_at, attempt_id FROM mid_receipt ORDER BY mid",
    "watermark": "SELECT * FROM watermark ORDER BY user_id, kind, up_to",
}


def tables(connection):
    return {name: connection.execute(statement).fetchall() for name, statement in TABLES.items()}


@pytest.fixture
def four(world_18, tmp_path):
    scene = Scene(world_18, tmp_path, numbers=(1, 2, 3, 4))
    for one in scene.sent[:3]:
        scene.answer(one)
    scene.lose_answer(scene.sent[3])
    return scene


def play(scene, pieces):
    """Bring pieces of a history, each a body, reconciling where it says so; return the tables, and undo all of it."""
    with scene.connection.transaction(force_rollback=True):
        for events, is_end in pieces:
            scene.tell(*events)
            if is_end:
                scene.reconcile()
        scene.reconcile()
        assert broken_promises(scene.connection) == {}
        return tables(scene.connection)


def test_any_order_any_repetition_and_any_split_gives_the_same_tables(four):
    events = history(four)
    expected = play(four, [(events, True)])
    by_state = [row["state"] for row in expected["message_list"]]
    assert by_state == ["read", "delivered", "read", "read"]
    assert [row["object_id"] for row in expected["open_entitlement"]] == ["1_2", "9_9"]
    assert [row["user_id"] for row in expected["suppression"]] == [user_id(3)]
    assert expected["account"] == [{"pause_reason": BLOCKED}]
    places = range(len(events))

    @settings(
        max_examples=int(os.environ.get("WINDOWCAST_RECEIPT_EXAMPLES", "15")),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        order=st.permutations(places),
        again=st.lists(st.sampled_from(places), max_size=12),
        sizes=st.lists(st.integers(1, 9), min_size=1, max_size=60),
        ends=st.lists(st.booleans(), min_size=1, max_size=10),
    )
    def check(order, again, sizes, ends):
        line, pieces = [*order, *again], []
        while line:
            size = sizes[len(pieces) % len(sizes)]
            pieces.append(([events[place] for place in line[:size]], ends[len(pieces) % len(ends)]))
            line = line[size:]
        assert play(four, pieces) == expected

    check()


def test_the_answers_may_come_before_between_or_after_all_of_it(world_18, tmp_path):
    scene = Scene(world_18, tmp_path, numbers=(1, 2, 3, 4))
    events = [event for event in history(scene) if "renamed" not in json.dumps(event)]
    sent = scene.sent[:3]

    def end_in(places):
        with scene.connection.transaction(force_rollback=True):
            for place, event in enumerate([*events, None]):
                for one in [one for one, its in zip(sent, places, strict=True) if its == place]:
                    scene.answer(one)
                if event is not None:
                    scene.tell(event)
                    scene.reconcile()
            scene.reconcile()
            return tables(scene.connection)

    ends = [end_in(places) for places in ((0, 0, 0), (len(events),) * 3, (3, 9, 11), (11, 3, 14))]

    assert [row["state"] for row in ends[0]["message_list"]] == ["read", "sent", "read", "read"]
    assert ends[1:] == ends[:1] * 3


def test_a_body_of_a_thousand_events_ends_as_a_thousand_bodies_do(world_18, tmp_path):
    scene = Scene(world_18, tmp_path)
    events = [scene.platform.wrote(number % 250, scene.at - number * SECOND) for number in range(1000)]

    together = play(scene, [(events, True)])

    assert play(scene, [([event], False) for event in reversed(events)]) == together
    assert len(together["interaction"]) == 1001
