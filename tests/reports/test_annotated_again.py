"""A workbook that was annotated before comes back: our columns are known again, and hold what is true today."""

import openpyxl
import pytest

from annotated_books import BAD, GOOD, annotate, bad, good, table
from domain.recipients_file import OUTCOME_COLUMNS, outcome_column
from reports.annotated_sheet import NotedRow
from reports.annotated_styles import MARK_COLOUR


def test_a_workbook_that_comes_back_gets_our_columns_in_their_place_and_the_marks_of_today(rich):
    first = annotate(rich, bad(2, "day"), bad(3, "name"), good(4))
    mended = first.with_name("mended.xlsx")
    book = openpyxl.load_workbook(first)
    book["Recipients"]["E1"] = " Windowcast State\u00a0"
    book["Recipients"]["B3"] = "Ben"
    book.save(mended)

    second = annotate(mended, bad(2, "day"), good(3), good(4))

    rows = table(second)
    assert rows[0] == ["user_id", "name", "day", "price", " Windowcast State\u00a0", "windowcast_reason"]
    assert [tuple(row[4:]) for row in rows[1:]] == [BAD, GOOD, GOOD]
    sheet = openpyxl.load_workbook(second)["Recipients"]
    assert [sheet[cell].fill.fgColor.rgb for cell in ("C2", "B3", "F3")] == [MARK_COLOUR, "00000000", "00000000"]


def test_what_stood_in_our_columns_beside_other_rows_is_taken_away(rich):
    first = annotate(rich, bad(2, "day"), bad(3, "name"), good(4))

    second = annotate(first, good(2), good(4))

    assert [tuple(row[4:]) for row in table(second)[1:]] == [GOOD, (None, None), GOOD]


def test_after_sending_the_outcomes_join_the_columns_that_came_back(rich):
    first = annotate(rich, good(2), good(3), good(4))
    sent = ("sent", "The platform accepted the message.", "2026-11-23 10:00:00 UTC", None, None, "m_1", "window")

    second = annotate(first, NotedRow(2, sent), good(3), good(4), has_outcomes=True)

    rows = table(second)
    assert rows[0][4:] == list(OUTCOME_COLUMNS)
    assert tuple(rows[1][4:]) == sent


def test_a_formula_that_somebody_wrote_into_our_column_stays(rich):
    first = annotate(rich, good(2), good(3), good(4))
    changed = first.with_name("changed.xlsx")
    book = openpyxl.load_workbook(first)
    book["Recipients"]["F3"] = "=UPPER(B3)"
    book.save(changed)

    second = annotate(changed, good(2), good(3), good(4))

    assert openpyxl.load_workbook(second)["Recipients"]["F3"].value == "=UPPER(B3)"


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("windowcast_state", "windowcast_state"),
        ("  WINDOWCAST_Reason ", "windowcast_reason"),
        ("Windowcast\u00a0sent at", "windowcast_sent_at"),
        ("windowcast-\u200bmessage-id", "windowcast_message_id"),
        ("windowcast", None),
        ("state", None),
        ("windowcast_state_2", None),
        ("", None),
    ],
)
def test_our_columns_are_known_again_however_people_write_them(written, ours):
    assert outcome_column(written) == ours
