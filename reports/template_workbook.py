"""The workbook a marketer fills in: one sheet for the recipients, one that says how."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from domain.recipients_file import EXAMPLE_USER_ID, USER_ID_COLUMN
from domain.value_rules import ValueRules, example_date, rule_sentences
from reports.cell_text import fit_for_excel, harmless
from reports.whole_file import written_whole

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

RECIPIENTS_SHEET: Final = "Recipients"
HELP_SHEET: Final = "How to fill this in"
# Hidden: Excel takes a list of more than 255 characters, or with commas in its values, only from cells.
VALUES_SHEET: Final = "Allowed values"

_FIRST_FILLED_ROW: Final = 2  # counted from 0: below the header and the example
_LAST_ROW: Final = 1_048_575  # counted from 0
_USER_ID_WIDTH: Final = 26
_VARIABLE_WIDTH: Final = 24
_MAX_PROMPT_TITLE: Final = 32  # Excel's limits of a note at a cell
_MAX_PROMPT: Final = 255
_DATE_FORMAT: Final = "yyyy-mm-dd"

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
    rules: tuple[ValueRules, ...] = ()

    def rules_of(self, variable: str) -> ValueRules:
        """Return the rules of a variable; one without any has empty ones."""
        return next((one for one in self.rules if one.variable == variable), ValueRules(variable))


def example_values(template: TemplateSheet) -> dict[str, str]:
    """Return an example value for each variable: one that its rules allow, else its own name in words.

    Of a pattern nothing is known but its own words, so its example is the variable's name too.
    """
    return {variable: _example_value(template.rules_of(variable)) for variable in template.variables}


def _example_value(rules: ValueRules) -> str:
    if rules.one_of:
        return rules.one_of[0]
    if rules.is_date:
        return example_date(rules).isoformat()
    name = rules.variable.replace("_", " ").strip() or rules.variable
    return name[: rules.longest]


def example_text(template: TemplateSheet) -> str:
    """Return the template's text with the example values in place of its variables."""
    text = template.text
    for variable, value in example_values(template).items():
        text = text.replace(f"$({variable})", value)
    return text


def write_template_workbook(path: Path, template: TemplateSheet) -> None:
    """Write the workbook for this template to `path`, whole or not at all.

    Sheet "Recipients": the header (user_id, then the variables in the template's order) in row 1, an example in row 2,
    and all 1,048,576 rows formatted as text, those of a date as dates. Excel itself holds what it can of the template's
    rules: sets of values, dates and lengths. Raises NotFoundError without the folder.
    """
    import xlsxwriter

    with written_whole(path) as unfinished, xlsxwriter.Workbook(unfinished) as workbook:
        workbook.set_properties({"title": f"{template.name}: recipients", "comments": _version_of(template)})
        _write_recipients(workbook, template)
        _write_help(workbook, template)
        _write_allowed_values(workbook, template)


def _version_of(template: TemplateSheet) -> str:
    return f"Template {template.code}, language {template.language}, version {template.version}"


def _write_recipients(workbook: "Workbook", template: TemplateSheet) -> None:
    sheet = workbook.add_worksheet(RECIPIENTS_SHEET)
    text = workbook.add_format({"num_format": "@"})
    header = workbook.add_format({"num_format": "@", "bold": True, "bg_color": "#DCE6F1", "bottom": 1})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 0, _USER_ID_WIDTH, text)
    if template.variables:
        sheet.set_column(1, len(template.variables), _VARIABLE_WIDTH, text)
    # The header is compared with the template's, letter by letter, so it is written as it is.
    for column, name in enumerate((USER_ID_COLUMN, *template.variables)):
        sheet.write_string(0, column, name, header)
    _write_example(workbook, sheet, template)
    _guide_cells(sheet, template)
    _hold_rules(workbook, sheet, template)
    _print_on_one_page_across(sheet)


def _write_example(workbook: "Workbook", sheet: "Worksheet", template: TemplateSheet) -> None:
    look = {"italic": True, "font_color": "#7F7F7F"}
    text = workbook.add_format({"num_format": "@", **look})
    day = workbook.add_format({"num_format": _DATE_FORMAT, "align": "left", **look})
    sheet.write_string(1, 0, EXAMPLE_USER_ID, text)
    for column, (variable, value) in enumerate(example_values(template).items(), start=1):
        rules = template.rules_of(variable)
        if rules.is_date:
            sheet.write_datetime(1, column, example_date(rules), day)
        else:
            sheet.write_string(1, column, harmless(value), text)


def _hold_rules(workbook: "Workbook", sheet: "Worksheet", template: TemplateSheet) -> None:
    """Have Excel offer the values of a set, and refuse a date out of range and a text that is too long."""
    values = _allowed_cells(template)
    day = workbook.add_format({"num_format": _DATE_FORMAT, "align": "left"})
    for column, variable in enumerate(template.variables, start=1):
        rules = template.rules_of(variable)
        if rules.is_date:
            # A date that is typed into a cell of text stays a text in the form of its typist's country.
            sheet.set_column(column, column, _VARIABLE_WIDTH, day)
        check = _check_of(rules, values.get(variable))
        if check:
            words = " ".join(rule_sentences(rules))
            sheet.data_validation(
                _FIRST_FILLED_ROW,
                column,
                _LAST_ROW,
                column,
                {
                    **check,
                    "input_title": variable[:_MAX_PROMPT_TITLE],
                    "input_message": _fit_prompt(words),
                    "error_title": "This is not allowed here",
                    "error_message": _fit_prompt(words),
                },
            )


def _check_of(rules: ValueRules, allowed_cells: str | None) -> dict[str, Any]:
    """Return what Excel itself can check of the rules of a variable; nothing for a pattern alone."""
    if allowed_cells:
        return {"validate": "list", "source": allowed_cells}
    if rules.date_from and rules.date_to:
        return {"validate": "date", "criteria": "between", "minimum": rules.date_from, "maximum": rules.date_to}
    if rules.is_date:
        return {
            "validate": "date",
            "criteria": ">=" if rules.date_from else "<=",
            "value": rules.date_from or rules.date_to,
        }
    if rules.longest is not None:
        return {"validate": "length", "criteria": "<=", "value": rules.longest}
    return {}


def _rules_with_sets(template: TemplateSheet) -> list[ValueRules]:
    return [template.rules_of(variable) for variable in template.variables if template.rules_of(variable).one_of]


def _allowed_cells(template: TemplateSheet) -> dict[str, str]:
    """Return, by variable, the cells of the hidden sheet in which its set of values stands."""
    from xlsxwriter.utility import xl_col_to_name

    cells = {}
    for column, rules in enumerate(_rules_with_sets(template)):
        letters = xl_col_to_name(column)
        cells[rules.variable] = f"='{VALUES_SHEET}'!${letters}$2:${letters}${1 + len(rules.one_of)}"
    return cells


def _write_allowed_values(workbook: "Workbook", template: TemplateSheet) -> None:
    """Write each set of values into a column of a hidden sheet, below the name of its variable."""
    if not _rules_with_sets(template):
        return
    sheet = workbook.add_worksheet(VALUES_SHEET)
    sheet.hide()
    text = workbook.add_format({"num_format": "@"})
    for column, rules in enumerate(_rules_with_sets(template)):
        for row, value in enumerate((rules.variable, *rules.one_of)):
            sheet.write_string(row, column, value, text)


def _fit_prompt(text: str) -> str:
    return text if len(text) <= _MAX_PROMPT else f"{text[: _MAX_PROMPT - 1]}\u2026"


def _guide_cells(sheet: "Worksheet", template: TemplateSheet) -> None:
    """Put a warning on user_ids that cannot be any, and a note on each header."""
    sheet.data_validation(
        _FIRST_FILLED_ROW,
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
        asked = " ".join(rule_sentences(template.rules_of(variable)))
        note = f"{asked} What stands here takes the place of $({variable}) in the message. {template.limit}".strip()
        sheet.data_validation(
            0,
            column,
            0,
            column,
            {
                "validate": "any",
                "input_title": variable[:_MAX_PROMPT_TITLE],
                "input_message": _fit_prompt(note),
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
        meaning = f"What this person reads in place of $({variable}), such as \u201c{value}\u201d. It may not be empty."
        yield "plain", variable, " ".join((meaning, *rule_sentences(template.rules_of(variable))))
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
