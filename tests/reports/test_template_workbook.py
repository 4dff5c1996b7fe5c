"""The workbook of a template: what stands in it, and that long ids survive it."""

import re
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from clients.spreadsheet import read_recipients
from domain.errors import NotFoundError
from domain.recipients_file import EXAMPLE_USER_ID, USER_ID_COLUMN
from domain.value_rules import ValueRules
from reports.template_workbook import (
    HELP_SHEET,
    RECIPIENTS_SHEET,
    VALUES_SHEET,
    TemplateSheet,
    _user_id_formula,
    example_text,
    write_template_workbook,
)

LONG_ID = "25381719828140932"


def template_sheet(**changes):
    values = {
        "code": "spring_sale",
        "language": "en",
        "name": "Spring sale",
        "channel": "messenger",
        "version": 3,
        "variables": ("first_name", "voucher_code"),
        "text": "Hi $(first_name), your voucher is $(voucher_code).",
        "limit": "The message may have 2,000 characters at most.",
    }
    return TemplateSheet(**{**values, **changes})


def written(tmp_path, **changes):
    path = tmp_path / "spring_sale.xlsx"
    write_template_workbook(path, template_sheet(**changes))
    return path


def test_the_first_sheet_has_the_header_and_one_example_row(tmp_path):
    sheet = openpyxl.load_workbook(written(tmp_path)).worksheets[0]

    rows = list(sheet.iter_rows(values_only=True))

    assert sheet.title == RECIPIENTS_SHEET
    assert rows == [
        (USER_ID_COLUMN, "first_name", "voucher_code"),
        (EXAMPLE_USER_ID, "first name", "voucher code"),
    ]
    assert sheet.freeze_panes == "A2"
    assert all(cell.font.bold for cell in sheet[1])


def test_every_column_is_text_from_the_first_row_to_the_last(tmp_path):
    path = written(tmp_path)

    with zipfile.ZipFile(path) as archive:
        columns = re.findall(r'<col min="(\d+)" max="(\d+)"[^>]*style="(\d+)"', _sheet_xml(archive))
    sheet = openpyxl.load_workbook(path).worksheets[0]

    assert [(first, last) for first, last, _ in columns] == [("1", "1"), ("2", "3")]
    assert {sheet.column_dimensions[letter].number_format for letter in "AB"} == {"@"}
    assert {cell.number_format for row in sheet.iter_rows() for cell in row} == {"@"}


def _sheet_xml(archive):
    return archive.read("xl/worksheets/sheet1.xml").decode()


def test_an_id_of_17_digits_typed_as_text_keeps_them_all(tmp_path):
    path = written(tmp_path)
    workbook = openpyxl.load_workbook(path)
    workbook[RECIPIENTS_SHEET]["A3"] = LONG_ID
    workbook.save(path)

    cell = openpyxl.load_workbook(path)[RECIPIENTS_SHEET]["A3"]

    assert (cell.value, cell.data_type) == (LONG_ID, "s")


def test_the_user_ids_from_row_3_on_are_checked_with_a_warning_and_not_forbidden(tmp_path):
    sheet = openpyxl.load_workbook(written(tmp_path)).worksheets[0]

    (rule,) = [rule for rule in sheet.data_validations.dataValidation if rule.type == "custom"]

    assert str(rule.sqref) == "A3:A1048576"
    assert rule.errorStyle == "warning"
    assert rule.formula1 == _user_id_formula("A3").removeprefix("=")
    assert "5 to 20 digits" in rule.error


def test_the_formula_of_the_check_fits_into_excels_limit_and_names_no_other_cell():
    formula = _user_id_formula("A3")

    assert len(formula) <= 255
    assert set(re.findall(r"[A-Z]+\$?\d+", formula)) == {"A3"}
    assert "{" not in formula


def test_each_variable_has_a_note_that_names_the_limit(tmp_path):
    sheet = openpyxl.load_workbook(written(tmp_path, limit="Up to 2,000 characters. " + "x" * 300)).worksheets[0]

    notes = {str(rule.sqref): rule.prompt for rule in sheet.data_validations.dataValidation if rule.type != "custom"}

    assert set(notes) == {"B1", "C1"}
    assert notes["B1"].startswith("What stands here takes the place of $(first_name) in the message. Up to 2,000")
    assert len(notes["B1"]) == 255


def test_the_second_sheet_explains_every_column_and_shows_the_example_message(tmp_path):
    workbook = openpyxl.load_workbook(written(tmp_path))

    lines = [row for row in workbook.worksheets[1].iter_rows(values_only=True) if row[0]]

    assert workbook.sheetnames == [RECIPIENTS_SHEET, HELP_SHEET]
    labels = [label for label, *_ in lines]
    assert [label for label in labels if label in {"user_id", "first_name", "voucher_code"}] == [
        "user_id",
        "first_name",
        "voucher_code",
    ]
    assert ("With the example row", "Hi first name, your voucher is voucher code.") in lines
    assert ("How long it may be", "The message may have 2,000 characters at most.") in lines
    assert {"Ids are text", "The example row", "Saving", "What happens next"} <= set(labels)


def test_a_template_without_variables_has_only_the_user_id(tmp_path):
    sheet = openpyxl.load_workbook(written(tmp_path, variables=(), text="Hello")).worksheets[0]

    assert list(sheet.iter_rows(values_only=True)) == [(USER_ID_COLUMN,), (EXAMPLE_USER_ID,)]


@pytest.mark.parametrize("text", ['=HYPERLINK("http://x.invalid")', "@SUM(1)", "http://x.invalid", "{=1}"])
def test_no_text_of_a_template_becomes_a_formula_or_a_link(tmp_path, text):
    path = written(tmp_path, variables=("a",), text=text, name=text)

    workbook = openpyxl.load_workbook(path)

    cells = [cell for sheet in workbook for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" or cell.hyperlink for cell in cells)
    assert not any(str(cell.value).startswith(("=", "@", "+", "-")) for cell in cells if cell.value)


def test_the_workbook_holds_no_macros(tmp_path):
    with zipfile.ZipFile(written(tmp_path)) as archive:
        assert not any("vba" in name.lower() for name in archive.namelist())


def test_the_example_text_has_every_variable_filled_in():
    assert example_text(template_sheet()) == "Hi first name, your voucher is voucher code."


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        write_template_workbook(tmp_path / "nowhere" / "a.xlsx", template_sheet())


def test_a_workbook_replaces_an_older_one_and_leaves_nothing_beside_it(tmp_path):
    path = written(tmp_path)

    written(tmp_path, name="Summer sale")

    assert openpyxl.load_workbook(path)[HELP_SHEET]["A1"].value == "Summer sale"
    assert list(tmp_path.iterdir()) == [path]


RULES = (
    ValueRules("city", one_of=("Berlin", "K\u00f6ln, am Rhein", "=1+1")),
    ValueRules("coupon", pattern="^[A-Z]{8}$", shape="8 capital letters"),
    ValueRules("until", date_from=date(2026, 1, 1), date_to=date(2026, 12, 31)),
    ValueRules("since", date_from=date(2026, 1, 1)),
    ValueRules("by", date_to=date(2026, 12, 31)),
    ValueRules("note", longest=3),
)


def written_with_rules(tmp_path):
    variables = ("name", *(rules.variable for rules in RULES))
    text = " ".join(f"$({variable})" for variable in variables)
    return written(tmp_path, variables=variables, text=text, rules=RULES)


def test_excel_itself_holds_sets_dates_and_lengths_from_row_3_on(tmp_path):
    sheet = openpyxl.load_workbook(written_with_rules(tmp_path)).worksheets[0]

    held = {
        str(rule.sqref): (rule.type, rule.operator, rule.formula1, rule.formula2)
        for rule in sheet.data_validations.dataValidation
        if rule.type not in {"custom", None}
    }

    assert held == {
        "C3:C1048576": ("list", None, "'Allowed values'!$A$2:$A$4", None),
        "E3:E1048576": ("date", None, "46023", "46387"),
        "F3:F1048576": ("date", "greaterThanOrEqual", "46023", None),
        "G3:G1048576": ("date", "lessThanOrEqual", "46387", None),
        "H3:H1048576": ("textLength", "lessThanOrEqual", "3", None),
    }


def test_each_header_and_each_held_cell_says_its_rule(tmp_path):
    sheet = openpyxl.load_workbook(written_with_rules(tmp_path)).worksheets[0]

    prompts = {str(rule.sqref): rule.prompt for rule in sheet.data_validations.dataValidation}

    assert prompts["C1"].startswith("Allowed: Berlin, K\u00f6ln, am Rhein or =1+1. What stands here takes the place of")
    assert prompts["D1"].startswith("8 capital letters. What stands here")
    assert prompts["E3:E1048576"] == "A date from 2026-01-01 to 2026-12-31."
    assert prompts["H3:H1048576"] == "At most 3 characters."
    assert all(len(prompt) <= 255 for prompt in prompts.values())


def test_the_values_of_a_set_stand_in_a_hidden_last_sheet_as_texts(tmp_path):
    workbook = openpyxl.load_workbook(written_with_rules(tmp_path))

    sheet = workbook[VALUES_SHEET]

    assert workbook.sheetnames == [RECIPIENTS_SHEET, HELP_SHEET, VALUES_SHEET]
    assert sheet.sheet_state == "hidden"
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["city", "Berlin", "K\u00f6ln, am Rhein", "=1+1"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}


def test_the_example_row_keeps_the_rules_and_a_column_of_dates_is_formatted_as_one(tmp_path):
    sheet = openpyxl.load_workbook(written_with_rules(tmp_path)).worksheets[0]

    shown = [value.date() if isinstance(value, datetime) else value for value in (cell.value for cell in sheet[2])]
    days = [date(2026, 12, 31), date(2026, 1, 1), date(2026, 12, 31)]
    assert shown == [EXAMPLE_USER_ID, "name", "Berlin", "coupon", *days, "not"]
    formats = {one.min: (one.max, one.number_format) for one in sheet.column_dimensions.values()}
    assert formats == {1: (1, "@"), 2: (4, "@"), 5: (7, "yyyy-mm-dd"), 8: (8, "@")}


def test_the_help_says_the_rules_and_the_message_with_an_example_that_keeps_them(tmp_path):
    lines = dict(
        row[:2] for row in openpyxl.load_workbook(written_with_rules(tmp_path))[HELP_SHEET].iter_rows(values_only=True)
    )

    assert lines["until"].endswith("It may not be empty. A date from 2026-01-01 to 2026-12-31.")
    assert lines["With the example row"] == "name Berlin coupon 2026-12-31 2026-01-01 2026-12-31 not"


def test_a_filled_workbook_with_rules_is_read_from_its_first_sheet_with_dates_as_iso(tmp_path):
    path = written_with_rules(tmp_path)
    workbook = openpyxl.load_workbook(path)
    row = [LONG_ID, "Ann", "Berlin", "ABCDEFGH", date(2026, 5, 1), date(2026, 5, 2), "2026-05-03", "ok"]
    for column, value in enumerate(row, start=1):
        workbook[RECIPIENTS_SHEET].cell(3, column).value = value
    workbook.save(path)
    (tmp_path / "reading").mkdir()

    read = read_recipients(path, folder=tmp_path / "reading")

    assert (read.sheet, read.row_count) == (RECIPIENTS_SHEET, 1)
    assert "{Ann,Berlin,ABCDEFGH,2026-05-01,2026-05-02,2026-05-03,ok}" in read.rows_file.read_text().replace('"', "")
