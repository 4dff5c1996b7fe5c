"""Receipts: kept as they came; their echoes settle what is unknown, in any order and however often they come."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import TIMING
from tasks.campaigns import close_campaign, start_campaign
from tasks.database import broken_promises
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox

STAMP = 1_777_881_600_123
SENT_AT = datetime(2026, 5, 4, 8, 0, 0, 123_000, tzinfo=UTC)


def echo(attempt_id, *, mid="m-1", stamp=STAMP, **fields):
    message = {"is_echo": True, "mid": mid, "metadata": str(attempt_id), "text": "Hello!", **fields}
    return {"sender": {"id": "100"}, "recipient": {"id": "200"}, "timestamp": stamp, "message": message}


def body(*events, key="messaging"):
    return json.dumps({"object": "page", "entry": [{"id": "100", "time": STAMP, key: list(events)}]}).encode()


def sending(world, tmp_path, numbers=(1,)):
    """A campaign with one attempt under way for each of these people."""
    account = world.account()
    world.people_write(account, numbers)
    campaign_id = world.submit_ids(tmp_path, numbers, account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return campaign_id, [world.claim(campaign_id, number) for number in numbers]


def unknown(world, tmp_path, numbers=(1,)):
    campaign_id, attempts = sending(world, tmp_path, numbers)
    for attempt_id in attempts:
        assert world.end(attempt_id, outcome="unknown", state="unknown", reason="no_answer") == 1
    return campaign_id, attempts


def message_of(world, attempt_id):
    return world.connection.execute(
        "SELECT m.state, m.reason, m.platform_sent_at, m.provider_message_id, m.sent_at, a.outcome, a.settled_at, "
        "a.provider_message_id AS mid FROM attempt AS a INNER JOIN message_list AS m USING (message_id) "
        "WHERE a.attempt_id = %s",
        [attempt_id],
    ).fetchone()


def test_an_echo_settles_an_unknown_message_as_sent(world, tmp_path):
    campaign_id, (attempt_id,) = unknown(world, tmp_path)
    assert close_campaign(world.connection, campaign_id) == "finished"

    assert store_receipt(world.connection, body(echo(attempt_id)))
    assert reconcile_inbox(world.connection, timing=TIMING).settled == 1

    row = message_of(world, attempt_id)
    assert (row["state"], row["reason"], row["outcome"]) == ("sent", None, "accepted")
    assert (row["provider_message_id"], row["mid"], row["platform_sent_at"]) == ("m-1", "m-1", SENT_AT)
    assert row["sent_at"] is not None
    assert row["settled_at"] is not None
    assert world.state(campaign_id) == "finished"
    assert broken_promises(world.connection) == {}


def test_an_echo_that_overtakes_the_answer_decides_and_the_answer_changes_nothing(world, tmp_path):
    _, (attempt_id,) = sending(world, tmp_path)
    store_receipt(world.connection, body(echo(attempt_id, mid="m-echo")))
    assert reconcile_inbox(world.connection, timing=TIMING).settled == 1
    before = message_of(world, attempt_id)

    for outcome, state, reason in (("unknown", "unknown", "no_answer"), ("refused", "failed", "message_refused")):
        assert world.end(attempt_id, outcome=outcome, state=state, reason=reason) == 0

    assert before["state"] == "sent"
    assert message_of(world, attempt_id) == before


def test_an_echo_after_the_answer_only_adds_the_time_of_the_platform(world, tmp_path):
    _, (attempt_id,) = sending(world, tmp_path)
    world.end(attempt_id, outcome="accepted", state="sent", mid="m-answer")
    before = message_of(world, attempt_id)

    store_receipt(world.connection, body(echo(attempt_id, mid="m-echo")))

    assert reconcile_inbox(world.connection, timing=TIMING).settled == 0
    assert message_of(world, attempt_id) == {**before, "platform_sent_at": SENT_AT}


def test_a_late_echo_settles_what_nobody_waits_for_any_longer(world_18, tmp_path):
    _, (attempt_id,) = unknown(world_18, tmp_path)
    world_18.connection.execute("UPDATE attempt SET settled_at = clock()")

    store_receipt(world_18.connection, body(echo(attempt_id)))

    assert reconcile_inbox(world_18.connection, timing=TIMING).settled == 1
    assert message_of(world_18, attempt_id)["state"] == "sent"


def test_the_same_body_is_kept_once_and_another_body_is_another(world_18):
    assert store_receipt(world_18.connection, b"one")
    assert not store_receipt(world_18.connection, b"one")
    assert store_receipt(world_18.connection, b"one ")
    assert store_receipt(world_18.connection, b"")

    assert world_18.row_counts()["receipt_inbox"] == 3


# None of these may settle anything, and none may keep a good echo beside it from being read.
NONSENSE = [
    b"",
    b"\xff\xfe\x00",
    b"nonsense",
    b"[" * 100_000,
    b"9" * 10_000,
    b"null",
    b'{"entry": 5}',
    b'{"entry": [null, 5, {"messaging": {"a": 1}}, {"messaging": [null, 7, "x", {"message": []}]}]}',
    body(echo("not an id")),
    body(echo("")),
    body(echo(uuid4())),
    body(echo(None, metadata={"a": 1})),
    body(echo(uuid4(), is_echo="true")),
    body({"message": {"mid": "m", "text": "from a person", "metadata": str(uuid4())}}),
]


def test_foreign_echoes_and_nonsense_settle_nothing_and_stop_nothing(world, tmp_path):
    _, (attempt_id,) = unknown(world, tmp_path)
    for one in NONSENSE:
        assert store_receipt(world.connection, one)
    store_receipt(world.connection, body(echo(attempt_id, is_echo=False)))
    assert reconcile_inbox(world.connection, timing=TIMING).settled == 0
    assert message_of(world, attempt_id)["state"] == "unknown"

    store_receipt(world.connection, body("x", None, echo(uuid4()), echo(attempt_id), key="standby"))

    assert reconcile_inbox(world.connection, timing=TIMING).settled == 1
    left = world.connection.execute("SELECT count(*) FROM receipt_inbox WHERE applied_at IS NULL").fetchone()
    assert (left["count"], world.row_counts()["receipt_inbox"]) == (0, len(NONSENSE) + 2)


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        pytest.param({"mid": "m\x00-1"}, ("m-1", SENT_AT), id="NUL in the message id"),
        pytest.param({"mid": "m\ud800"}, ("m?", SENT_AT), id="half a character in the message id"),
        pytest.param({"mid": None}, (None, SENT_AT), id="no message id"),
        pytest.param({"stamp": STAMP // 1000}, ("m-1", SENT_AT.replace(microsecond=0)), id="seconds"),
        pytest.param({"stamp": str(STAMP)}, ("m-1", SENT_AT), id="text"),
        pytest.param({"stamp": "soon"}, ("m-1", None), id="no time"),
        pytest.param({"stamp": 10**30}, ("m-1", None), id="a time beyond all calendars"),
        pytest.param({"stamp": None}, ("m-1", None), id="null"),
    ],
)
def test_an_odd_echo_still_proves_that_its_message_was_sent(world_18, tmp_path, fields, kept):
    _, (attempt_id,) = unknown(world_18, tmp_path)

    store_receipt(world_18.connection, body(echo(attempt_id, **fields)))
    assert reconcile_inbox(world_18.connection, timing=TIMING).settled == 1

    row = message_of(world_18, attempt_id)
    assert row["state"] == "sent"
    assert (row["provider_message_id"], row["platform_sent_at"]) == kept


def test_an_echo_wrapped_in_a_list_is_read_too(world_18, tmp_path):
    _, (attempt_id,) = unknown(world_18, tmp_path)

    store_receipt(world_18.connection, b"[" + body(echo(attempt_id)) + b"]")

    assert reconcile_inbox(world_18.connection, timing=TIMING).settled == 1


def test_any_order_and_any_repetition_of_the_same_bodies_gives_the_same_table(world_18, tmp_path):
    _, attempts = unknown(world_18, tmp_path, numbers=(1, 2, 3))
    stamps = {attempt_id: STAMP + place for place, attempt_id in enumerate(attempts)}
    every = [echo(attempt_id, mid=f"m-{stamp}", stamp=stamp) for attempt_id, stamp in stamps.items()]
    bodies = [
        body(every[0]),
        body(every[1], every[0]),
        body(*every, key="standby"),
        b"nonsense",
        body(echo(UUID(int=1))),
    ]

    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(order=st.permutations(range(len(bodies))), breaks=st.lists(st.booleans(), min_size=5, max_size=5))
    def check(order, breaks):
        with world_18.connection.transaction(force_rollback=True):
            settled = 0
            for place, applies in zip([*order, *order], [*breaks, *breaks], strict=True):
                store_receipt(world_18.connection, bodies[place])
                settled += reconcile_inbox(world_18.connection, timing=TIMING).settled if applies else 0
            settled += reconcile_inbox(world_18.connection, timing=TIMING).settled
            rows = [message_of(world_18, attempt_id) for attempt_id in attempts]
        assert settled == 3
        assert [(row["state"], row["outcome"], row["provider_message_id"]) for row in rows] == [
            ("sent", "accepted", f"m-{STAMP + place}") for place in range(3)
        ]
        assert [round(row["platform_sent_at"].timestamp() * 1000) for row in rows] == list(stamps.values())

    check()
