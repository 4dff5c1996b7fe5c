"""The nightly report for a segment: a file of ids, or a view."""

import pytest

from database.nights import NOON, at, hours_before, only, report, writes
from domain.eligibility import NightKept
from domain.errors import InputRefusedError, NotFoundError, UsageError
from factories import user_id, write_table
from tasks.suppressions import add_suppressions


def segment_file(tmp_path, name, cells):
    path = tmp_path / name
    if name.endswith(".txt"):
        path.write_text("\n".join(cells), encoding="utf-8")
        return str(path)
    return str(write_table(path, [("name", "user_id"), *(("Ada", cell) for cell in cells)]))


@pytest.mark.parametrize("name", ["segment.csv", "segment.xlsx", "segment.txt"])
def test_a_segment_has_the_same_figures_for_its_people_alone(world_18, tmp_path, name):
    at(world_18, NOON)
    account = world_18.account()
    for number, hours in [(1, 1), (2, 30), (3, 2), (4, 3)]:
        writes(world_18, account, number, hours_before(NOON, hours))
    add_suppressions(world_18.connection, account, user_ids=[user_id(3), user_id(90)], source="test")
    cells = [user_id(number) for number in (1, 2, 3, 80, 90, 1)] + ["12-ab"]

    found = report(world_18, segment=segment_file(tmp_path, name, cells))
    (figures,) = found.accounts

    assert (figures.known, figures.open_now, figures.closed, figures.opted_out) == (3, 1, 1, 1)
    assert (figures.never_wrote, figures.opted_out_unseen) == (2, 1)
    assert (figures.was_open, figures.newly_open) == (1, 1)
    assert (found.segment.people, found.segment.bad_count) == (5, 1)
    first = 7 if name.endswith(".txt") else 8
    assert found.segment.problems == ((first, "The user id '12-ab' is not 5 to 20 digits."),)
    # Whatever a segment's figures are, they are no night of the account.
    assert found.kept is NightKept.NOT_KEPT
    assert world_18.row_counts()["eligibility_snapshot"] == world_18.row_counts()["eligibility_hour"] == 0
    assert report(world_18).accounts[0].known == 4


def test_an_id_that_a_spreadsheet_has_rounded_is_reported_and_left_out(world_18, tmp_path):
    world_18.account()
    path = write_table(tmp_path / "segment.xlsx", [("user_id",), (25000000000000001,), (user_id(1),), (123456,)])

    found = report(world_18, segment=str(path)).segment

    assert (found.people, found.bad_count) == (2, 1)
    assert found.problems == ((2, "The user id is stored as a number and may have lost digits; store it as text."),)


def test_a_segment_may_be_a_view(world):
    at(world, NOON)
    account = world.account()
    writes(world, account, 1, hours_before(NOON, 1))
    writes(world, account, 2, hours_before(NOON, 1))
    world.connection.execute('CREATE SCHEMA "Team"')
    world.connection.execute(
        f"CREATE VIEW \"Team\".\"best; --\" AS SELECT * FROM (VALUES ('{user_id(1)}'), ('x'), (NULL)) AS v (user_id)"
    )
    world.connection.execute('ALTER VIEW "Team"."best; --" RENAME TO "best;--"')

    found = report(world, segment="Team.best;--")

    assert (found.segment.people, found.segment.bad_count, found.accounts[0].known) == (1, 1, 1)


@pytest.mark.parametrize(
    ("segment", "error", "told"),
    [
        pytest.param("nowhere.csv", NotFoundError, "no file nowhere.csv", id="no file"),
        pytest.param("nowhere.people", NotFoundError, "no view nowhere.people", id="no view"),
        pytest.param("list.pdf", NotFoundError, "no view list.pdf", id="another kind of file"),
    ],
)
def test_a_segment_that_is_not_there_is_refused_in_a_sentence(world_18, segment, error, told):
    with pytest.raises(error, match=told):
        report(world_18, segment=segment)


def test_a_segment_that_is_no_list_of_people_is_refused_in_a_sentence(world_18, tmp_path):
    """Each of them one after the other: a segment that was refused leaves nothing to the next."""
    cases = [
        ("windowcast.account", None, InputRefusedError, "no column user_id"),
        ("just words", None, UsageError, "neither a .csv, .xlsx or .txt file nor a view"),
        ("columns.csv", b"person,city\n1,x\n", InputRefusedError, "has no column user_id .*person, city"),
        ("empty.csv", b"", InputRefusedError, "has no column user_id .*none"),
        ("nobody.csv", b"user_id\nabc\n", InputRefusedError, "holds no usable user id"),
        ("bytes.txt", b"\xff\xfe\x00\x01", InputRefusedError, "no UTF-8 text"),
        ("none.xlsx", b"PK nonsense", InputRefusedError, "cannot be read as an .xlsx"),
    ]
    for name, content, error, told in cases:
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(error, match=told):
            report(world_18, segment=name if content is None else str(tmp_path / name))
    at(world_18, NOON)
    writes(world_18, world_18.account(), 1, hours_before(NOON, 1))
    assert only(world_18).known == 1
