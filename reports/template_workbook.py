"""The workbook a marketer fills in: one sheet for the recipients, one that says how."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain.recipients_file import EXAMPLE_USER_ID, USER_ID_COLUMN
from reports.cell_text import fit_for_excel, harmless
from reports.whole_file import written_whole

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

RECIPIENTS_SHEET: Final = "Recipients"
HELP_SHEET: Final = "How to fill this in"

_LAST_ROW: Final = 1_048_575  # counted from 0
_USER_ID_WIDTH: Final = 26
_VARIABLE_WIDTH: Final = 24
_MAX_PROMPT_TITLE: Final = 32  # Excel's limits of a note at a cell
_MAX_PROMPT: Final = 255

_HELP_LABEL_WIDTH: Final = 26
_HELP_WIDTH: Final = 96  # of a column, about so many characters
_LINE_POINTS: Final = 15
_MAX_ROW_POINTS: Final = 409  # Excel's limit


@dataclass(frozen=True)
class TemplateSheet:
    """What the workbook says about its template; `limit` is a sentence that tells how long the message may be."""

    code: str
    language: str
    name: str
    channel: str
    version: int
    variables: tuple[str, ...]
    text: str
    limit: str


def example_values(template: TemplateSheet) -> dict[str, str]:
    """Return an example value for each variable: its own name in words."""
    return {variable: variable.replace("_", " ").strip() or variable for variable in template.variables}


def example_text(template: TemplateSheet) -> str:
    """Return the template's text with the example values in place of its variables."""
    text = template.text
    for variable, value in example_values(template).items():
        text = text.replace(f"$({variable})", value)
    return text


def write_template_workbook(path: Path, template: TemplateSheet) -> None:
    """Write the workbook for this template to `path`, whole or not at all.

    Sheet "Recipients": the header (user_id, then the variables in the template's order) in row 1, an example in row 2,
    and all 1,048,576 rows formatted as text. Raises NotFoundError without the folder.
    """
    import xlsxwriter

    with written_whole(path) as unfinished, xlsxwriter.Workbook(unfinished) as workbook:
        workbook.set_properties({"title": f"{template.name}: recipients", "comments": _version_of(template)})
        _write_recipients(workbook, template)
        _write_help(workbook, template)


def _version_of(template: TemplateSheet) -> str:
    return f"Template {template.code}, language {template.language}, version {template.version}"


def _write_recipients(workbook: "Workbook", template: TemplateSheet) -> None:
    sheet = workbook.add_worksheet(RECIPIENTS_SHEET)
    text = workbook.add_format({"num_format": "@"})
    header = workbook.add_format({"num_format": "@", "bold": True, "bg_color": "#DCE6F1", "bottom": 1})
    example = workbook.add_format({"num_format": "@", "italic": True, "font_color": "#7F7F7F"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 0, _USER_ID_WIDTH, text)
    if template.variables:
        sheet.set_column(1, len(template.variables), _VARIABLE_WIDTH, text)
    cells = [(USER_ID_COLUMN, EXAMPLE_USER_ID), *example_values(template).items()]
    for column, (name, value) in enumerate(cells):
        # The header is compared with the template's, letter by letter, so it is written as it is.
        sheet.write_string(0, column, name, header)
        sheet.write_string(1, column, harmless(value), example)
    _guide_cells(sheet, template)
    _print_on_one_page_across(sheet)


def _guide_cells(sheet: "Worksheet", template: TemplateSheet) -> None:
    """Put a warning on user_ids that cannot be any, and a note on each header."""
    sheet.data_validation(
        2,
        0,
        _LAST_ROW,
        0,
        {
            "validate": "custom",
            "value": _user_id_formula("A3"),
            "error_type": "warning",
            "error_title": "Is this a user_id?",
            "error_message": "A user_id has 5 to 20 digits and nothing else. Keep the cell formatted as text: "
            "as a number, a long id loses its last digits.",
            "input_title": "user_id",
            "input_message": "5 to 20 digits, as text. Paste with 'values only', so that the column stays text.",
        },
    )
    for column, variable in enumerate(template.variables, start=1):
        note = f"What stands here takes the place of $({variable}) in the message. {template.limit}"
        sheet.data_validation(
            0,
            column,
            0,
            column,
            {
                "validate": "any",
                "input_title": variable[:_MAX_PROMPT_TITLE],
                "input_message": note if len(note) <= _MAX_PROMPT else f"{note[: _MAX_PROMPT - 1]}\u2026",
            },
        )


def _user_id_formula(cell: str) -> str:
    """Return a formula that is true for a text of 5 to 20 digits.

    Digits are taken out one by one, since Excel allows no list of constants in a validation, and rows named in it
    would shift when the example row is deleted. Excel takes at most 255 characters.
    """
    rest = cell
    for digit in "0123456789":
        rest = f'SUBSTITUTE({rest},{digit},"")'
    return f'=AND(ISTEXT({cell}),LEN({cell})>4,LEN({cell})<21,{rest}="")'


def _print_on_one_page_across(sheet: "Worksheet") -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write_help(workbook: "Workbook", template: TemplateSheet) -> None:
    sheet = workbook.add_worksheet(HELP_SHEET)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_column(0, 0, _HELP_LABEL_WIDTH)
    sheet.set_column(1, 1, _HELP_WIDTH)
    formats = {
        "title": workbook.add_format({"bold": True, "font_size": 14}),
        "label": workbook.add_format({"bold": True, "valign": "top", "text_wrap": True, "num_format": "@"}),
        "plain": workbook.add_format({"valign": "top", "text_wrap": True, "num_format": "@"}),
        "message": workbook.add_format(
            {"valign": "top", "text_wrap": True, "num_format": "@", "bg_color": "#F2F2F2", "border": 1}
        ),
    }
    _write_help_lines(sheet, template, formats)


def _write_help_lines(sheet: "Worksheet", template: TemplateSheet, formats: dict[str, "Format"]) -> None:
    sheet.write_string(0, 0, fit_for_excel(harmless(template.name)), formats["title"])
    for row, (style, label, sentence) in enumerate(_help_lines(template), start=1):
        # LibreOffice does not stretch a row to its wrapped text when it opens a file.
        sheet.set_row(row, _row_points(label, sentence))
        sheet.write_string(row, 0, fit_for_excel(label), formats["label"])
        sheet.write_string(row, 1, fit_for_excel(harmless(sentence)), formats[style])


def _row_points(label: str, sentence: str) -> int:
    """Return the height of a row whose texts are wrapped, in points, rather too much than too little."""
    line_count = max(_line_count(label, _HELP_LABEL_WIDTH), _line_count(sentence, _HELP_WIDTH))
    return min(line_count * _LINE_POINTS + 3, _MAX_ROW_POINTS)


def _line_count(text: str, width: int) -> int:
    return sum(max(1, math.ceil(len(line) / (width - 4))) for line in text.split("\n"))


def _help_lines(template: TemplateSheet) -> Iterator[tuple[str, str, str]]:
    """Yield (style, label, sentence) for each line of the help sheet."""
    yield "plain", "Template", f"{template.code}, language {template.language}, version {template.version}"
    yield "plain", "Channel", template.channel.capitalize()
    yield "plain", "", ""
    yield (
        "plain",
        "What to do",
        f"Fill the sheet \u201c{RECIPIENTS_SHEET}\u201d: one row for each person, from row 3 on.",
    )
    yield "plain", USER_ID_COLUMN, _USER_ID_SENTENCE
    for variable, value in example_values(template).items():
        yield (
            "plain",
            variable,
            f"What this person reads in place of $({variable}), such as \u201c{value}\u201d. It may not be empty.",
        )
    yield "plain", "", ""
    yield "message", "The message", template.text
    yield "message", "With the example row", example_text(template)
    yield "plain", "How long it may be", template.limit
    yield "plain", "", ""
    yield from (("plain", label, sentence) for label, sentence in _RULES)


_USER_ID_SENTENCE: Final = (
    "The person's id as the platform gives it to your account: 5 to 20 digits and nothing else. It is not a name, a "
    "phone number or the public id of a profile."
)

_RULES: Final = (
    (
        "Ids are text",
        "An id often has 17 digits, and a spreadsheet keeps only 15 digits of a number: the last ones turn into zeros, "
        "and the message would go to nobody, or to somebody else. So the columns are formatted as text. Leave them "
        "so, and paste with \u201cvalues only\u201d. A row whose id was stored as a long number is not sent.",
    ),
    (
        "The header",
        "Row 1 stays as it is: do not rename, add, move or delete columns.",
    ),
    (
        "The example row",
        f"Row 2 only shows how to fill a row. It may stay or go: a row whose user_id is {EXAMPLE_USER_ID} is never "
        "sent.",
    ),
    (
        "One person, one row",
        "If a person is on two rows with the same values, the message is sent once. If the values differ, neither row "
        "is sent, and you are told which rows they are.",
    ),
    (
        "Saving",
        "Save as .xlsx, without macros and without a password. Do not hide or filter rows or columns, and do not merge "
        "cells.",
    ),
    (
        "What happens next",
        "Every row is checked, and you see what is wrong in which row and how to mend it. A message goes only to "
        "people whose 24-hour window is open at the time of sending: those who wrote to the account, or took another "
        "step that opens a window, less than 24 hours before. For each row you then see what became of it, and why.",
    ),
)
