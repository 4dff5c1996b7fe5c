"""Interactions: what a file says is kept once, and only what opens a window opens one, by the time of the event."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from domain.errors import InputRefusedError, NotFoundError
from domain.window import OPENERS, InteractionKind
from factories import TIMING, user_id, write_table
from tasks.campaigns import start_campaign
from tasks.database import broken_promises
from tasks.interactions import Interaction, import_interactions, store_interactions
from tasks.windows import read_clock, set_aside_unreachable

HEADER = ("account", "user_id", "kind", "occurred_at", "event_id")


def load(world, path, **fields):
    return import_interactions(
        world.connection, path, timing=TIMING, **{"time_zone": None, "default_time_zone": None, **fields}
    )


def stored(world):
    """The evidence, by user and time."""
    rows = world.connection.execute("SELECT * FROM interaction ORDER BY user_id, occurred_at, event_id").fetchall()
    return [(row["user_id"], row["kind"], row["occurred_at"], row["event_id"]) for row in rows]


def openers(world):
    return {row["user_id"]: row["opener_at"] for row in world.connection.execute("SELECT * FROM last_interaction")}


def as_file(tmp_path, kind, rows):
    match kind:
        case "parquet":
            columns = dict(zip(HEADER, map(list, zip(*rows, strict=True)), strict=True))
            pq.write_table(pa.table(columns), tmp_path / "loaded.parquet")
            return tmp_path / "loaded.parquet"
        case "semicolons":
            path = tmp_path / "semicolons.csv"
            path.write_text("\n".join(";".join(map(str, row)) for row in [HEADER, *rows]), encoding="utf-8-sig")
            return path
        case _:
            return write_table(tmp_path / f"loaded.{kind}", [HEADER, *rows])


@pytest.mark.parametrize("kind", ["csv", "semicolons", "xlsx", "parquet"])
def test_every_kind_of_file_loads_and_loading_it_again_changes_nothing(world_18, tmp_path, kind):
    account = world_18.account()
    rows = [
        (account.name, user_id(1), "message", "2026-05-04T10:00:00+02:00", "a"),
        (account.external_id, user_id(1), "comment", "1777881600123", "b"),
        (account.name, user_id(2), "m_me", "2026-05-04T08:00:00Z", ""),
    ]
    path = as_file(tmp_path, kind, rows)

    first = load(world_18, path)
    before = stored(world_18)
    again = load(world_18, path)

    assert (first.row_count, first.new_count, first.known_count, first.bad_count) == (3, 3, 0, 0)
    assert (again.row_count, again.new_count, again.known_count, again.bad_count) == (3, 0, 3, 0)
    assert stored(world_18) == before
    eight = datetime(2026, 5, 4, 8, tzinfo=UTC)
    epoch = datetime(2026, 5, 4, 8, 0, 0, 123_000, tzinfo=UTC)
    assert before[0] == (user_id(1), "message", eight, "a")
    assert before[1] == (user_id(1), "comment", epoch, "b")
    # Without an event id one is made of what is known, so that the same interaction is kept once.
    assert before[2][:3] == (user_id(2), "m_me", eight)
    assert before[2][3].startswith("derived:")
    assert openers(world_18) == {user_id(1): eight, user_id(2): eight}


def test_bad_rows_are_listed_by_number_and_the_others_are_loaded(world, tmp_path):
    name = world.account().name
    at = "2026-05-04T10:00:00Z"
    bad = [
        ("Acme", user_id(1), "message", at),
        (name, "12-ab", "message", at),
        (name, "", "message", at),
        (name, user_id(1), "shout", at),
        (name, user_id(1), "message", "2026-05-04T10:00:00"),
        (name, user_id(1), "message", "yesterday"),
        (name, user_id(1), "message", "12345"),
        (name, user_id(1), "message", "1970-01-02T00:00:00Z"),
        (name, user_id(1), "message", "0001-01-01T00:00:00+05:00"),
        (name, user_id(1), "message", "9" * 400),
        (name, user_id(1)),
        (name, user_id(1), "message", at, "e" * 3000),
    ]
    path = write_table(
        tmp_path / "bad.csv", [HEADER, (name, user_id(8), "message", at), (), *bad, (name, user_id(9), "reaction", at)]
    )

    report = load(world, path)

    assert [number for number, _ in report.problems] == list(range(4, 4 + len(bad)))
    assert (report.row_count, report.new_count, report.bad_count) == (len(bad) + 2, 2, len(bad))
    assert [row[0] for row in stored(world)] == [user_id(8), user_id(9)]
    said = dict(report.problems)
    words = [
        "no account 'Acme'",
        "not digits",
        "user_id is empty",
        "none of message, postback",
        "in which zone",
        "no time",
    ]
    words += [
        "epoch milliseconds",
        "before the year 2000",
        "no time",
        "epoch milliseconds",
        "kind is empty",
        "event_id",
    ]
    assert [word for number, word in enumerate(words, start=4) if word not in said[number]] == []


def test_of_many_bad_rows_the_first_thousand_are_listed_and_all_are_counted(world_18, tmp_path):
    name = world_18.account().name
    at = "2026-05-04T10:00:00Z"
    rows = [(name, user_id(number) if number % 2 else "x", "message", at, str(number)) for number in range(5000)]

    report = load(world_18, as_file(tmp_path, "csv", rows))

    assert (report.row_count, report.new_count, report.bad_count) == (5000, 2500, 2500)
    assert [number for number, _ in report.problems] == list(range(2, 2002, 2))


def test_ids_that_a_spreadsheet_stored_as_numbers_are_refused_not_repaired(world_18, tmp_path):
    name = world_18.account().name
    at = "2026-05-04T10:00:00Z"
    rows = [
        (name, int(user_id(1)), "message", at, "a"),
        (name, user_id(2), "message", at, "b"),
        (name, 4711, "message", at, "c"),
    ]

    report = load(world_18, as_file(tmp_path, "xlsx", rows))

    ((number, sentence),) = report.problems
    assert (number, [row[0] for row in stored(world_18)]) == (2, [user_id(2), "4711"])
    assert "may have lost digits; store it as text" in sentence


def test_times_without_an_offset_are_meant_in_the_zone_that_was_given(world_18, tmp_path):
    name = world_18.account().name
    rows = [
        (name, user_id(1), "message", "2026-07-01T12:00:00", "a"),
        (name, user_id(2), "message", "2026-03-29T02:30:00", "b"),
        (name, user_id(3), "message", "2026-10-25T02:30:00", "c"),
        (name, user_id(4), "message", "2026-07-01T12:00:00+09:00", "d"),
    ]
    path = as_file(tmp_path, "csv", rows)

    in_berlin = load(world_18, path, time_zone="Europe/Berlin")
    by_default = load(world_18, path, default_time_zone="Europe/Berlin")

    assert [number for number, _ in in_berlin.problems] == [3, 4, 5]
    assert "does not exist" in in_berlin.problems[0][1]
    assert "exists twice" in in_berlin.problems[1][1]
    assert "either the offset or the zone" in in_berlin.problems[2][1]
    # A default is no claim about the file: an offset in it wins without a contradiction.
    assert [number for number, _ in by_default.problems] == [3, 4]
    assert [row[2] for row in stored(world_18)] == [
        datetime(2026, 7, 1, 10, tzinfo=UTC),
        datetime(2026, 7, 1, 3, tzinfo=UTC),
    ]


def test_the_times_and_numbers_of_a_parquet_file_are_taken_as_they_are(world_18, tmp_path):
    account = world_18.account()
    at = datetime(2026, 5, 4, 10, 0, 0, 5, tzinfo=UTC)
    columns = {
        "account": [account.external_id],
        "user_id": [int(user_id(1))],
        "kind": ["message"],
        "occurred_at": pa.array([at], pa.timestamp("ns", tz="Europe/Berlin")),
        "event_id": pa.array([None], pa.string()),
    }
    pq.write_table(pa.table(columns), tmp_path / "typed.parquet")

    report = load(world_18, tmp_path / "typed.parquet")

    assert report.problems == []
    assert [row[:3] for row in stored(world_18)] == [(user_id(1), "message", at)]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        pytest.param(
            "short.csv",
            b"account,user_id,kind\r\nA,25000000000000001,message\r\n",
            "occurred_at",
            id="a missing column",
        ),
        pytest.param("empty.csv", b"", "account, user_id, kind, occurred_at", id="no byte"),
        pytest.param("notes.txt", b"account", ".parquet file", id="another suffix"),
        pytest.param("picture.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(50), "cannot be read", id="a picture as .xlsx"),
        pytest.param("picture.parquet", b"\x89PNG\r\n\x1a\n" + bytes(50), "cannot be read", id="a picture as .parquet"),
    ],
)
def test_a_file_that_cannot_be_used_loads_nothing_and_says_why(world_18, tmp_path, name, content, word):
    world_18.account(name="A")
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputRefusedError, match=word):
        load(world_18, path)

    assert stored(world_18) == []


def test_a_file_that_breaks_off_in_its_middle_loads_nothing(world_18, tmp_path):
    name = world_18.account().name
    lines = [f"{name},{user_id(number)},message,2026-05-04T10:00:00Z," for number in range(5000)]
    path = tmp_path / "broken.csv"
    path.write_bytes("\r\n".join([",".join(HEADER), *lines]).encode() + b"\r\n\xff\xfe,broken")

    with pytest.raises(InputRefusedError, match="no UTF-8"):
        load(world_18, path)

    assert (stored(world_18), openers(world_18)) == ([], {})
    with pytest.raises(NotFoundError, match="There is no file"):
        load(world_18, tmp_path / "none.csv")


def one(account, number, *, at, kind=InteractionKind.MESSAGE, event_id="e"):
    return Interaction(account.account_id, user_id(number), kind, at, event_id)


def test_the_newest_opener_only_ever_moves_forward_in_whatever_order_events_come(world):
    account, other = world.account(), world.account()
    now = read_clock(world.connection)
    hours = [timedelta(hours=count) for count in (5, 2, 9)]

    for place, ago in enumerate(hours):
        store_interactions(world.connection, [one(account, 1, at=now - ago, event_id=str(place))], timing=TIMING)
    many = [one(account, 2, at=now - ago, event_id=f"x{place}") for place, ago in enumerate(hours)]
    store_interactions(world.connection, [*many, *many], timing=TIMING)

    assert openers(world) == {user_id(1): now - timedelta(hours=2), user_id(2): now - timedelta(hours=2)}
    # The same event id on another account, or at another time, is another event.
    assert store_interactions(world.connection, [one(other, 1, at=now, event_id="0")], timing=TIMING) == (1, 1)
    assert store_interactions(world.connection, [one(account, 1, at=now, event_id="0")], timing=TIMING) == (1, 1)


def test_only_openers_open_a_window_and_every_other_kind_is_kept_as_evidence(teller):
    world = teller.world
    account = world.account()
    at = read_clock(world.connection) - timedelta(hours=1)
    kinds = list(InteractionKind)

    teller.tell([one(account, place, at=at, kind=kind, event_id=str(place)) for place, kind in enumerate(kinds)])

    assert len(teller.evidence()) == len(kinds)
    opened = {kinds[place] for place in range(len(kinds)) if user_id(place) in openers(world)}
    assert opened == set(OPENERS) == set(kinds) - {InteractionKind.COMMENT, InteractionKind.VISITOR_POST}


def test_an_event_from_the_future_is_kept_but_opens_no_window_ever(teller):
    world = teller.world
    account = world.account()
    now = read_clock(world.connection)

    teller.tell(
        [
            one(account, 1, at=now + timedelta(seconds=90), event_id="ahead"),
            one(account, 2, at=now + timedelta(seconds=30), event_id="clocks differ a little"),
        ]
    )

    assert teller.evidence() == [user_id(1), user_id(2)]
    assert set(openers(world)) == {user_id(2)}
    assert broken_promises(world.connection) == {}
    # A later import does not dig it out when its time has come.
    world.put_clock_ahead(minutes=10)
    teller.tell([one(account, 3, at=now)])
    assert set(openers(world)) == {user_id(2), user_id(3)}


def test_each_person_left_out_has_its_own_reason_by_the_time_of_the_event(teller, tmp_path):
    world = teller.world
    account, other = world.account(), world.account()
    edge = (TIMING.margin_seconds + TIMING.reserve_seconds) / 3600
    teller.people_write(account, [1], hours_ago=1)
    teller.people_write(other, [2], hours_ago=1)
    # It arrives now, but it happened yesterday.
    teller.people_write(account, [3], hours_ago=25)
    teller.people_write(account, [4], kind=InteractionKind.COMMENT)
    teller.people_write(account, [5], kind=InteractionKind.VISITOR_POST)
    teller.people_write(account, [6], hours_ago=1)
    # One second too late, and half a minute in time: a claim needs the reserve.
    teller.people_write(account, [7], hours_ago=24 - edge + 1 / 3600)
    teller.people_write(account, [8], hours_ago=24 - edge - 30 / 3600)
    world.connection.execute(
        "INSERT INTO suppression (account_id, user_id, source) VALUES (%s, %s, 'test')",
        [account.account_id, user_id(6)],
    )
    campaign_id = world.submit_ids(tmp_path, range(1, 9), account=account)

    start_campaign(world.connection, campaign_id, timing=TIMING)

    assert world.verdicts(campaign_id) == {
        1: "ready",
        2: "ineligible/never_interacted",
        3: "ineligible/window_closed",
        4: "ineligible/never_interacted",
        5: "ineligible/never_interacted",
        6: "ineligible/opted_out",
        7: "ineligible/window_closed",
        8: "ready",
    }
    assert broken_promises(world.connection) == {}


def test_an_opener_that_arrives_raises_the_turn_of_a_waiting_message(teller, tmp_path):
    world = teller.world
    account = world.account()
    teller.people_write(account, [1, 2], hours_ago=20)
    campaign_id = world.submit_ids(tmp_path, [1, 2], account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    before = closings(world, campaign_id)

    teller.people_write(account, [1], hours_ago=1)
    teller.people_write(account, [2], hours_ago=1, kind=InteractionKind.COMMENT)
    teller.people_write(account, [2], hours_ago=22)

    after = closings(world, campaign_id)
    assert abs((after[1] - before[1]) - timedelta(hours=19)) < timedelta(minutes=1)
    assert after[2] == before[2]
    newest = openers(world)[user_id(1)]
    assert after[1] == newest + timedelta(hours=24) - timedelta(seconds=TIMING.margin_seconds)


def closings(world, campaign_id):
    rows = world.connection.execute(
        "SELECT row_number, closes_at FROM message_list WHERE campaign_id = %s", [campaign_id]
    )
    return {row["row_number"]: row["closes_at"] for row in rows}


def test_the_rows_of_a_timed_campaign_wait_and_are_judged_again_at_its_start(teller, tmp_path):
    world = teller.world
    account = world.account()
    now = read_clock(world.connection)
    teller.people_write(account, [1], hours_ago=1)
    teller.people_write(account, [2], hours_ago=20)
    teller.people_write(account, [3], hours_ago=30)
    campaign_id = world.submit_ids(tmp_path, range(1, 6), account=account, scheduled_at=now + timedelta(hours=6))
    assert set(world.verdicts(campaign_id).values()) == {"ready"}

    world.put_clock_ahead(hours=6, seconds=5)
    # Meanwhile two wrote: one whose window was closed, and one whom nobody knew.
    teller.people_write(account, [3, 4], hours_ago=1)
    start_campaign(world.connection, campaign_id, timing=TIMING)

    assert world.verdicts(campaign_id) == {
        1: "ready",
        2: "ineligible/window_closed",
        3: "ready",
        4: "ready",
        5: "ineligible/never_interacted",
    }
    assert all(closings(world, campaign_id)[row] for row in (1, 3, 4))
    # Judging again changes nobody's verdict.
    assert set_aside_unreachable(world.connection, campaign_id, at=read_clock(world.connection), timing=TIMING) == 0
    assert broken_promises(world.connection) == {}
