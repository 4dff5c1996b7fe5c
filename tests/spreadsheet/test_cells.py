"""Single cells: numbers too long to trust, errors, formulas without value, characters that cannot be sent."""

import pytest

from clients.spreadsheet import UnreadableFile
from clients.spreadsheet.number_text import DateFormat, date_text, iso_text, number_text, read_format_code
from domain.problem import Finding

HEADER = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>user_id</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>name</t></is></c></row>'
)
NUMBER_ROW = '<row r="2"><c r="A2"><v>1001</v></c><c r="B2"><v>7</v></c></row>'


def inline(address, text):
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def row(cells, number=3):
    # A row of numbers before it makes the shape that this one must not be read by.
    return f'{HEADER}{NUMBER_ROW}<row r="{number}">{cells}</row>'


CELLS = {
    "17 digits": (
        "<c r='B3'><v>12345678901234567</v></c>",
        "value_stored_as_long_number",
        {"found": "12345678901234567"},
    ),
    "16 digits": (
        '<c r="B3"><v>1000000000000000</v></c>',
        "value_stored_as_long_number",
        {"found": "1000000000000000"},
    ),
    "exponent": ('<c r="B3"><v>1.23E+16</v></c>', "value_stored_as_long_number", {"found": "12300000000000000"}),
    "negative": ('<c r="B3"><v>-1.5E20</v></c>', "value_stored_as_long_number", {"found": "-150000000000000000000"}),
    "enormous": ('<c r="B3"><v>1E300</v></c>', "value_stored_as_long_number", {"found": "1E300"}),
    "error": ('<c r="B3" t="e"><v>#N/A</v></c>', "cell_error", {"found": "#N/A"}),
    "error of a formula": ('<c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "cell_error", {"found": "#DIV/0!"}),
    "formula without value": ('<c r="B3"><f>A1</f></c>', "cell_formula_without_value", {}),
    "formula with empty value": ('<c r="B3"><f>A1</f><v></v></c>', "cell_formula_without_value", {}),
    "escaped NUL": (inline("B3", "a_x0000_b"), "cell_control_character", {"found": "U+0000"}),
    "escaped bell": (inline("B3", "_x0007_"), "cell_control_character", {"found": "U+0007"}),
    "C1 control": (inline("B3", "a&#x85;b"), "cell_control_character", {"found": "U+0085"}),
    "lone surrogate": (inline("B3", "_xD83D_"), "cell_control_character", {"found": "U+D83D"}),
    "40,000 characters": (inline("B3", "x" * 40_000), "cell_too_long", {"length": 40_000}),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_bad_value_is_left_out_and_named(xlsx, read, rows_of, problems_of, case):
    cell, finding, facts = CELLS[case]

    result = read(xlsx(row(f"{inline('A3', '1002')}{cell}")))

    assert rows_of(result) == [("2", "1001", "1001", '{"7"}'), ("3", "1002", "1002", "{NULL}")]
    assert problems_of(result) == [(3, "name", finding, facts)]
    assert result.problem_count == 1


IDS = {
    "17 digits": ("<c r='A3'><v>12345678901234567</v></c>", "id_stored_as_number", "12345678901234567"),
    "scientific text": (inline("A3", " 1.23E+16 "), "id_stored_as_number", " 1.23E+16 "),
    "scientific text with comma": (inline("A3", "1,23456E+16"), "id_stored_as_number", "1,23456E+16"),
    "error": ('<c r="A3" t="e"><v>#REF!</v></c>', "cell_error", "#REF!"),
    "formula without value": ('<c r="A3"><f>A1</f></c>', "cell_formula_without_value", r"\N"),
    "control character": (inline("A3", "12_x0001_345"), "cell_control_character", "12345"),
    "too long": (inline("A3", "1" * 32_768), "cell_too_long", "1" * 100 + "…"),
}


@pytest.mark.parametrize("case", IDS)
def test_a_bad_id_is_kept_as_typed_and_never_used(xlsx, read, rows_of, problems_of, case):
    cell, finding, typed = IDS[case]

    result = read(xlsx(row(f"{cell}{inline('B3', 'Ann')}")))

    assert rows_of(result)[1] == ("3", typed, r"\N", '{"Ann"}')
    assert [(number, column, found) for number, column, found, _ in problems_of(result)] == [(3, "user_id", finding)]


def test_a_row_of_nothing_but_problems_is_still_a_row(xlsx, read, rows_of, problems_of):
    result = read(xlsx(row('<c r="A3"><f>A1</f></c><c r="B3" t="e"><v>#N/A</v></c>')))

    assert rows_of(result)[1] == ("3", r"\N", r"\N", "{NULL}")
    assert [(column, found) for _, column, found, _ in problems_of(result)] == [
        ("user_id", "cell_formula_without_value"),
        ("name", "cell_error"),
    ]


def test_a_problem_below_a_blank_header_names_its_column(xlsx, read, problems_of):
    result = read(xlsx(row(f'{inline("A3", "1002")}<c r="D3" t="e"><v>#N/A</v></c>')))

    assert result.header == ("user_id", "name", "")
    assert [problem[1] for problem in problems_of(result)] == ["column D"]


TEXTS = {
    "quotes": ('say "hi"', 'say \\\\"hi\\\\"'),
    "backslash": ("a\\b", "a\\\\\\\\b"),
    "braces and commas": ("{a,b}", "{a,b}"),
    "NULL": ("NULL", "NULL"),
    "emoji": ("👨‍👩‍👧 ok", "👨‍👩‍👧 ok"),
    "entities": ("a &amp; b &lt; c &#x41;&#66;", "a & b < c AB"),
    "escaped letter": ("_x0041__x00e9_", "Aé"),
    "escaped escape": ("_x005F_x0041_", "_x0041_"),
    "escaped pair": ("_xD83D__xDE00_", "😀"),
    "escaped line end": ("a_x000D_\nb", "a\\nb"),
    "line end": ("a\nb", "a\\nb"),
    "tab": ("a\tb", "a\\tb"),
    "blanks around": ("  a b  ", "a b"),
    "no-break space inside": ("10\u00a0€", "10\u00a0€"),
    "combining accents": ("e\u0301", "e\u0301"),
    "wide digits": ("\uff11\uff12", "\uff11\uff12"),
}


@pytest.mark.parametrize("way", ["inline", "shared", "rich", "formula", "cdata"])
@pytest.mark.parametrize("case", TEXTS)
def test_texts_are_the_same_by_every_way_of_storing_them(xlsx, read, rows_of, case, way):
    text, expected = TEXTS[case]
    item = f'<si><t xml:space="preserve">{text}</t></si>'
    match way:
        case "inline":
            cell = inline("B3", text)
        case "shared":
            cell = '<c r="B3" t="s"><v>0</v></c>'
        case "rich":
            half = f'<r><rPr><b/></rPr><t xml:space="preserve">{text}</t></r><rPh sb="0" eb="1"><t>hint</t></rPh>'
            cell, item = '<c r="B3" t="s"><v>0</v></c>', f"<si>{half}<r><t>!</t></r></si>"
            expected += "!" if not text.endswith(" ") else "  !"
        case "formula":
            cell = f'<c r="B3" t="str"><f>A1</f><v>{text}</v></c>'
        case "cdata":
            if "&" in text:
                return
            cell, item = '<c r="B3" t="s"><v>0</v></c>', f'<si><t xml:space="preserve"><![CDATA[{text}]]></t></si>'

    result = read(xlsx(row(f"{inline('A3', '1002')}{cell}"), texts=[item]))

    assert rows_of(result)[1:] == [("3", "1002", "1002", f'{{"{expected}"}}')]


def test_invisible_characters_leave_ids_and_stay_in_texts_with_a_remark(xlsx, read, rows_of):
    result = read(xlsx([["user_id", "name"], ["\u200b12345\u00a0\u202a6 ", "A\u200bB"], ["12345", "👨‍👩‍👧"]]))

    assert rows_of(result)[0] == ("2", "\u200b12345\u00a0\u202a6 ", "123456", '{"A\u200bB"}')
    assert result.remarks == (
        "Characters that cannot be seen, such as no-break spaces, were kept in the texts; cells that hold them: 1.",
    )


def test_a_line_end_around_an_id_is_taken_away(xlsx, read, rows_of):
    result = read(xlsx([["user_id"], ["12345\n"], ["\uff11\uff10\uff10\uff14\uff15"], ["-12345"]]))

    assert rows_of(result) == [
        ("2", "12345\\n", "12345", "{}"),
        ("3", "\uff11\uff10\uff10\uff14\uff15", "\uff11\uff10\uff10\uff14\uff15", "{}"),
        ("4", "-12345", "-12345", "{}"),
    ]


def test_headers_lose_what_cannot_be_seen_around_them(xlsx, read):
    result = read(xlsx([["\ufeffuser_id\u00a0", " first name\n"], ["12345", "x"]]))

    assert result.header == ("user_id", "first name")


def test_booleans_and_iso_dates_and_spans_are_text(xlsx, read, rows_of):
    cells = (
        '<c r="A3"><v>1002</v></c><c r="B3" t="b"><v>1</v></c><c r="C3" t="d"><v>2026-01-31T00:00:00Z</v></c>'
        '<c r="D3" s="4"><v>1.5</v></c><c r="E3" s="5"><v>45000</v></c><c r="F3" s="6"><v>0.07</v></c>'
        '<c r="G3" s="1"><v>-5</v></c><c r="H3" s="3"><v>45000.5</v></c>'
    )
    header = HEADER.replace("</row>", "".join(inline(f"{letter}1", letter) for letter in "CDEFGH") + "</row>")

    result = read(xlsx(f'{header}<row r="3">{cells}</row>'))

    assert rows_of(result)[0][3] == '{"TRUE","2026-01-31","36:00","45000","0.07","-5","12:00"}'


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1001.0, "1001"),
        (0.1 + 0.2, "0.3"),
        (82.70999999999999, "82.71"),
        (1e-7, "0.0000001"),
        (123456789012345.0, "123456789012345"),
        (-12.5, "-12.5"),
    ],
)
def test_numbers_are_written_in_their_shortest_form(number, text):
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("number", "is_1904", "text"),
    [
        (1, False, "1900-01-01"),
        (59, False, "1900-02-28"),
        (60, False, "1900-02-29"),
        (61, False, "1900-03-01"),
        (45000, False, "2023-03-15"),
        (0, True, "1904-01-01"),
        (45000 - 1462, True, "2023-03-15"),
        (0, False, None),
        (-1, False, None),
        (2_958_466, False, None),
    ],
)
def test_days_count_as_the_workbook_says(number, is_1904, text):
    assert date_text(number, DateFormat(has_date=True), is_1904=is_1904) == text


def test_a_time_just_before_midnight_rounds_up_to_the_next_day():
    shown = DateFormat(has_date=True, has_time=True, has_seconds=True)

    assert date_text(45000.9999999, shown, is_1904=False) == "2023-03-16 00:00:00"


@pytest.mark.parametrize(
    ("code", "shows"),
    [
        ("General", ""),
        ("0.00%", ""),
        ('#,##0.00" days"', ""),
        ("[Red]#,##0;[Blue]-#,##0", ""),
        ('"d"0', ""),
        ("\\d0", ""),
        ("yyyy-mm-dd", "d"),
        ("[$-409]d. mmm yy;@", "d"),
        ("mmm", "d"),
        ("h:mm AM/PM", "t"),
        ("mm:ss.0", "ts"),
        ("dd/mm/yyyy hh:mm", "dt"),
        ("m/d/yy h:mm:ss", "dts"),
        ("[h]:mm:ss", "tse"),
        ("[mm]:ss", "tse"),
    ],
)
def test_format_codes_tell_dates_from_numbers(code, shows):
    expected = DateFormat("d" in shows, "t" in shows, "s" in shows, "e" in shows) if shows else None

    assert read_format_code(code) == expected


@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [
        ("2026-01-31", None, "2026-01-31"),
        ("2026-01-31T10:20:30.5Z", None, "2026-01-31 10:20:30"),
        ("2026-01-31T10:20:30", DateFormat(has_date=True), "2026-01-31"),
        ("2026-01-31T10:20:30", DateFormat(has_date=True, has_time=True), "2026-01-31 10:20"),
        ("2026-01-31", DateFormat(has_date=True, has_time=True, has_seconds=True), "2026-01-31 00:00:00"),
        ("10:20:00", DateFormat(has_time=True), "10:20"),
        ("soon", None, None),
        ("", None, None),
    ],
)
def test_iso_dates_follow_the_same_rules(value, shown, text):
    assert iso_text(value, shown) == text


BROKEN = {
    "a text that is not there": '<c r="A3" t="s"><v>5</v></c>',
    "a text before the first": '<c r="A3" t="s"><v>-1</v></c>',
    "a text without number": '<c r="A3" t="s"><v></v></c>',
    "a number that is none": '<c r="A3"><v>12a</v></c>',
    "an infinite number": '<c r="A3"><v>1E999</v></c>',
    "an unknown kind": '<c r="A3" t="zz"><v>1</v></c>',
    "a cell of another row": '<c r="A4"><v>1</v></c>',
    "a text twice": '<c r="A3" t="inlineStr"><is><t>12345</t><t>6</t></is></c>',
    "a text inside a text": '<c r="A3" t="inlineStr"><is><t>12345<t>6</t></t></is></c>',
    "two values": '<c r="A3"><v>12345</v><v>12346</v></c>',
    "a value and a text": '<c r="A3" t="inlineStr"><v>12345</v><is><t>12346</t></is></c>',
    "cells out of order": '<c r="B3"><v>1</v></c><c r="A3"><v>1</v></c>',
    "the same cell twice": '<c r="A3"><v>1</v></c><c r="A3"><v>2</v></c>',
}


@pytest.mark.parametrize("prefix", ["", "<!-- by the parser -->"])
@pytest.mark.parametrize("case", BROKEN)
def test_cells_that_contradict_themselves_refuse_the_file(xlsx, read, case, prefix):
    result = read(xlsx(row(BROKEN[case]), before=prefix))

    assert isinstance(result, UnreadableFile)
    assert [problem.finding for problem in result.problems] == [Finding.DAMAGED]
    assert result.problems[0].text
