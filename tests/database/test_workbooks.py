"""A list comes back with what is to be said of each row; mended there and submitted again, it is accepted whole."""

import itertools

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clients.postgres import connect
from domain.errors import InputRefusedError, UsageError
from factories import TIMING, World, user_id, write_table
from reports.annotated_styles import MARK_COLOUR
from tasks.campaigns import start_campaign
from tasks.intake import plan_submission
from tasks.messages import list_messages
from tasks.workbooks import write_workbook

HEADER = ("user_id", "name")


def submission_of(world, folder, rows, *, header=HEADER, name="list.xlsx", **fields):
    file = write_table(folder / name, [header, *rows])
    return world.submission(world.account(), world.template(folder), file=file, **fields)


def returned(world, campaign_id, folder, **given):
    path = folder / "returned.xlsx"
    write_workbook(world.connection, campaign_id, path=path, **given)
    return openpyxl.load_workbook(path).worksheets[0]


def values(sheet):
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def marked_cells(sheet):
    return [
        cell.coordinate for row in sheet.iter_rows() for cell in row if cell.fill.fgColor.rgb == MARK_COLOUR
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["list.xlsx", "list.csv"])
def test_all_problems_of_a_row_stand_beside_it_and_their_cells_are_marked(world, tmp_path, name):
    rows = [(user_id(1), "Ann"), ("12", ""), (user_id(2), "Bo"), (user_id(2), "Bob"), (user_id(1), "Ann")]
    campaign_id = world.take_in(submission_of(world, tmp_path, rows, name=name), tmp_path)

    sheet = returned(world, campaign_id, tmp_path)

    told = values(sheet)
    assert told[0] == [*HEADER, "windowcast_state", "windowcast_reason"]
    assert told[1][2:] == ["cancelled", "The row is good, but the file was refused, so nothing of it was sent."]
    assert told[2][2] == "invalid"
    assert told[2][3].startswith("The user_id 12 is not 5 to 20 digits;")
    assert told[2][3].endswith("The cell under name is empty; the template needs a value there.")
    assert "rows 4, 5" in told[3][3]
    told_of_duplicate = "The same person is on row 2 already with the same values; only that row is sent."
    assert told[5][2:] == ["duplicate", told_of_duplicate]
    assert marked_cells(sheet) == ["A3", "B3", "D3", "A4", "D4", "A5", "D5"]


def test_a_check_tells_what_would_happen_to_each_row_and_keeps_nothing(world, tmp_path):
    submission = submission_of(world, tmp_path, [(user_id(1), "Ann"), (user_id(2), "Bo")])
    account = next(iter(world.connection.execute("SELECT account_id FROM account").fetchall()))
    world.connection.execute(
        "INSERT INTO last_interaction (account_id, user_id, opener_at, opener_kind) "
        "VALUES (%s, %s, clock() - interval '1 h', 'message')",
        [account["account_id"], user_id(1)],
    )
    path = tmp_path / "returned.xlsx"

    plan_submission(world.connection, submission, folder=tmp_path, timing=TIMING, annotated=path)

    told = values(openpyxl.load_workbook(path).worksheets[0])
    assert told[1][2:] == ["ready", "The row is good: its message is sent when its turn comes."]
    assert told[2][2:] == ["ineligible", "This person has never written to the account, so no window is open."]
    assert world.row_counts()["campaign"] == 0


def test_after_the_start_the_outcomes_stand_beside_the_rows(world, tmp_path):
    account, template = world.account(), world.template(tmp_path)
    world.people_write(account, range(2))
    file = write_table(tmp_path / "list.xlsx", [HEADER, (user_id(0), "Ann"), (user_id(1), "Bo")])
    campaign_id = world.submit(world.submission(account, template, file=file), tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    world.end(world.claim(campaign_id, 0), outcome="accepted", state="sent", mid="=m_1")

    told = values(returned(world, campaign_id, tmp_path))

    assert told[1][2:4] == ["sent", "The platform accepted the message."]
    assert told[1][4].endswith(" UTC")
    assert told[1][5:] == [None, None, "'=m_1", "window"]
    assert told[2][2:] == ["ready", "The row is good: its message is sent when its turn comes.", *[None] * 5]


def test_cells_of_a_header_that_is_not_the_templates_are_marked(world, tmp_path):
    campaign_id = world.take_in(
        submission_of(world, tmp_path, [(user_id(1), "Ann", "x")], header=("user_id", "nam", "extra")), tmp_path
    )

    sheet = returned(world, campaign_id, tmp_path)

    assert marked_cells(sheet) == ["B1", "C1", "E2"]
    assert values(sheet)[1][3:] == [
        "invalid",
        "The header of the file is not the template's, so this row could not be read.",
    ]


def test_a_csv_keeps_its_row_numbers_and_every_character_of_its_texts(world, tmp_path):
    rows = [(user_id(1), "=1+1"), ("", ""), (user_id(2), "'=quoted"), ("12", "@x")]
    campaign_id = world.take_in(submission_of(world, tmp_path, rows, name="list.csv"), tmp_path)

    sheet = returned(world, campaign_id, tmp_path)

    assert [row[:2] for row in values(sheet)[1:]] == [
        [user_id(1), "=1+1"], [None, None], [user_id(2), "'=quoted"], ["12", "@x"],
    ]  # fmt: skip
    assert [sheet[cell].quotePrefix for cell in ("B2", "B4", "B5", "A2")] == [True, False, True, False]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}


def test_ids_given_by_hand_come_back_below_a_header(world, tmp_path):
    account = world.account()
    campaign_id = world.take_in(
        world.submission(account, world.template(tmp_path, text="Hello!"), user_ids=(user_id(1), "12")), tmp_path
    )

    told = values(returned(world, campaign_id, tmp_path))

    assert [row[:2] for row in told] == [["user_id", "windowcast_state"], [user_id(1), "cancelled"], ["12", "invalid"]]


def test_a_file_from_before_its_bytes_were_kept_comes_back_as_a_plain_workbook(world, tmp_path):
    campaign_id = world.take_in(submission_of(world, tmp_path, [(user_id(1), "Ann"), ("12", "Bo")]), tmp_path)
    world.connection.execute("DELETE FROM upload_file")
    world.connection.execute("UPDATE upload SET header_cells = '{}'")

    sheet = returned(world, campaign_id, tmp_path)

    assert [row[:3] for row in values(sheet)[1:]] == [[user_id(1), "Ann", "cancelled"], ["12", "Bo", "invalid"]]
    assert marked_cells(sheet) == ["A3", "D3"]


def test_a_workbook_without_room_comes_back_as_a_plain_one(world, tmp_path):
    file = tmp_path / "wide.xlsx"
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ["12", "Ann"])
        sheet.merge_range(0, 16_382, 0, 16_383, "")
    campaign_id = world.take_in(world.submission(world.account(), world.template(tmp_path), file=file), tmp_path)

    told = values(returned(world, campaign_id, tmp_path))

    assert told[1][:3] == ["12", "Ann", "invalid"]


def test_of_a_file_that_could_not_be_read_the_reason_is_said(world, tmp_path):
    file = tmp_path / "empty.xlsx"
    file.write_bytes(b"")
    campaign_id = world.take_in(world.submission(world.account(), world.template(tmp_path), file=file), tmp_path)

    with pytest.raises(InputRefusedError, match=r"no row that could be read\. The file is empty"):
        returned(world, campaign_id, tmp_path)


def test_only_a_workbook_is_written(world, tmp_path):
    campaign_id = world.take_in(submission_of(world, tmp_path, [(user_id(1), "Ann")]), tmp_path)

    with pytest.raises(UsageError, match=r"end in \.xlsx"):
        write_workbook(world.connection, campaign_id, path=tmp_path / "list.csv")


# Whatever people type: any sign that a cell can hold, and often those that make a formula of a text.
TEXTS = st.one_of(
    st.sampled_from(["=1+1", "-10%", "+49", "@x", "'=a", "'", "\uff1dx", "_x0041_", " \u00a0 x ", "a\nb", "<&>\"'"]),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), max_size=12),
)
IDS = st.one_of(
    st.integers(0, 6).map(user_id), st.sampled_from(["12", "", "abc", "1.5E+16"]), st.just(25_000_000_000_000_001)
)
LISTS = st.lists(st.tuples(IDS, TEXTS), min_size=1, max_size=12)


@pytest.mark.parametrize("writer", ["openpyxl", "xlsxwriter", "csv"])
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(rows=[("12", "=1+1"), (user_id(1), "'=a"), (user_id(1), "-10%"), (user_id(2), "")])
@given(rows=LISTS)
def test_what_is_marked_is_mended_and_then_everything_is_accepted_and_nothing_is_lost(
    database_18, tmp_path, writer, rows
):
    with connect(database_18) as connection:
        world = World(connection)
        folder = tmp_path / str(next(_NUMBERS))
        folder.mkdir()
        file = write_list(folder, rows, writer=writer)
        account, template = account_of(world), template_of(world, folder)
        first = world.take_in(world.submission(account, template, file=file), folder)
        before = {row["row_number"]: row for row in list_messages(connection, first)}
        if not before:
            return
        write_workbook(connection, first, path=folder / "marked.xlsx")
        mended = mend(folder / "marked.xlsx", folder / "mended.xlsx", numbers=before)

        second = world.take_in(world.submission(account, template, file=folder / "mended.xlsx"), folder)

        after = {row["row_number"]: row for row in list_messages(connection, second)}
        assert after.keys() == before.keys()
        assert {row["state"] for row in after.values()} <= {"ready", "duplicate"}
        for number, row in after.items():
            user, name = f"A{number}", f"B{number}"
            assert row["typed_user_id"] == mended.get(user, before[number]["typed_user_id"])
            assert row["cells"] == [mended[name]] if name in mended else before[number]["cells"]


_NUMBERS = itertools.count(100)


def account_of(world):
    return world.account(name=f"Account {next(_NUMBERS)}", external_id=str(10**12 + next(_NUMBERS)))


def template_of(world, folder):
    return world.template(folder, code=f"template-{next(_NUMBERS)}")


def write_list(folder, rows, *, writer):
    if writer == "xlsxwriter":
        with xlsxwriter.Workbook(folder / "list.xlsx") as book:
            sheet = book.add_worksheet("Recipients")
            for number, row in enumerate([HEADER, *rows]):
                for column, value in enumerate(row):
                    (sheet.write_number if isinstance(value, int) else sheet.write_string)(number, column, value)
        return folder / "list.xlsx"
    if writer == "csv":
        return write_table(folder / "list.csv", [HEADER, *rows])
    book = openpyxl.Workbook()
    for number, row in enumerate([HEADER, *rows], start=1):
        for column, value in enumerate(row, start=1):
            cell = book.active.cell(number, column)
            cell.value = value
            cell.data_type = "n" if isinstance(value, int) else "s"
    book.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def mend(source, target, *, numbers):
    """Type something good into each marked cell, and into no other; return what was typed where."""
    book = openpyxl.load_workbook(source)
    typed = {}
    for number in numbers:
        for column, text in (("A", user_id(1_000 + number)), ("B", "Mended")):
            cell = book.worksheets[0][f"{column}{number}"]
            if cell.fill.fgColor.rgb == MARK_COLOUR:
                cell.value = text
                cell.data_type = "s"
                typed[cell.coordinate] = text
    book.save(target)
    return typed
