"""Rows taken apart thousands at a time: the same values, problems and refusals as row by row."""

import random
import sys

import pytest

from clients.spreadsheet import ReadFile, ReadLimits, UnreadableFile, clean_cells
from domain.problem import Finding

# As if the sheet and its texts were so large that they are proven to be well-formed only while they are read.
AS_IF_LARGE = ReadLimits(large_part_bytes=0)
TEXTS = [
    "Ann",
    "Zoë",
    "a b",
    " edge",
    "edge ",
    'say "hi"',
    "back\\slash",
    "&amp;",
    "_x0041_",
    "😀",
    "\u200d",
    "",
    "x" * 40,
]
ITEMS = [f"<si><t>{text}</t></si>" for text in [*TEXTS, "12345", "67890", "12-ab", "EXAMPLE", "1.2E+16", "user_id"]]


def cell(letter, number, kind, random_one):
    start = f'<c r="{letter}{number}"'
    style = random_one.choice(["", ' s="0"', ' s="6"'])
    match kind:
        case "none":
            return ""
        case "empty":
            return f"{start}{style}/>"
        case "shared":
            return f'{start}{style} t="s"><v>{random_one.randrange(len(ITEMS))}</v></c>'
        case "inline":
            return f'{start}{style} t="inlineStr"><is><t>{random_one.choice(TEXTS)}</t></is></c>'
        case "number":
            return (
                f"{start}{style}><v>{random_one.choice(['12345', '0.5', '007', '1.10', '12345678901234567'])}</v></c>"
            )
        case "date":
            return f'{start} s="1"><v>45000</v></c>'
        case "error":
            return f'{start} t="e"><v>#N/A</v></c>'
        case "formula":
            return f'{start} t="str"><f>A1</f><v>Ann</v></c>'


def random_rows(seed):
    """Write some hundred rows of a few kinds of cells, with gaps, blank and hidden rows, and rows without cells."""
    random_one = random.Random(seed)
    kinds = random_one.sample(["none", "empty", "shared", "inline", "number", "date", "error", "formula"], 4)
    kinds += [random_one.choice(kinds)] * random_one.choice([0, 10])
    header = "".join(f'<c r="{letter}1" t="inlineStr"><is><t>{letter.lower()}</t></is></c>' for letter in "ABC")
    rows = [f'<row r="1">{header}</row>']
    number = 1
    for _ in range(random_one.choice([5, 300])):
        number += random_one.choice([1, 1, 1, 1, 2, 5])
        cells = "".join(cell(letter, number, random_one.choice(kinds), random_one) for letter in "ABCD"[: seed % 2 + 3])
        attribute = random_one.choice([' spans="1:3"'] * 20 + [' hidden="1"', ' hidden="0"'])
        rows.append(
            f'<row r="{number}"{attribute}>{cells}</row>' if random_one.random() < 0.98 else f'<row r="{number}"/>'
        )
    return "".join(rows)


@pytest.mark.parametrize("seed", range(40))
def test_all_ways_through_a_sheet_give_the_same(xlsx, read, seed):
    rows = random_rows(seed)

    quick = read(xlsx(rows, texts=ITEMS), hidden_rows="include")
    told = contents(quick)
    proven_late = contents(read(xlsx(rows, texts=ITEMS), hidden_rows="include", limits=AS_IF_LARGE))
    parsed = contents(read(xlsx(rows, texts=ITEMS, before="<!-- to the parser -->"), hidden_rows="include"))

    assert told == proven_late
    assert told == parsed


def contents(result):
    """Give all that a reading found; the files of a reading last until the next one."""
    if isinstance(result, UnreadableFile):
        return result.problems
    assert isinstance(result, ReadFile)
    return (
        result.header,
        result.row_count,
        result.example_row_count,
        result.blank_rows,
        result.problem_count,
        result.remarks,
        result.rows_file.read_text(),
        sorted(result.problems_file.read_text().splitlines()),
    )


def test_what_is_printable_is_never_to_be_escaped():
    unusual = [chr(code) for code in range(sys.maxunicode + 1) if clean_cells.UNUSUAL.search(chr(code))]

    assert [each for each in unusual if each.isprintable() and each not in '"\\'] == []


def text_row(number, *indexes, attributes=""):
    cells = "".join(
        f'<c r="{letter}{number}" t="s"><v>{index}</v></c>' for letter, index in zip("AB", indexes, strict=False)
    )
    return f'<row r="{number}"{attributes}>{cells}</row>'


TWENTY = "".join(text_row(number, 17 + (number == 1), 0) for number in range(1, 21)).replace("<v>17<", "<v>13<")
BROKEN = {
    "a text that is not there": (TWENTY + text_row(21, 13, 99), "cell B21 points to a text that is not there"),
    "a row twice": (TWENTY + text_row(20, 13, 0), "row 20 stands twice, or after row 20"),
    "a row too early": (TWENTY + text_row(7, 13, 0), "row 7 stands twice, or after row 20"),
    "a cell of another row": (TWENTY + text_row(21, 13, 0).replace("B21", "B20"), "row 21 holds a cell of another row"),
    "cells out of order": (
        TWENTY + '<row r="21"><c r="B21" t="s"><v>0</v></c><c r="A21" t="s"><v>13</v></c></row>',
        "the cells of row 21 are out of order, or one is there twice",
    ),
    "a row inside a row": (
        TWENTY + f'<row r="21"><ext>{text_row(22, 13, 0)}</ext></row>' + text_row(23, 13, 0),
        "the rows after row 20 are broken",
    ),
}


@pytest.mark.parametrize("limits", [ReadLimits(), AS_IF_LARGE], ids=["small", "large"])
@pytest.mark.parametrize("case", BROKEN)
def test_damage_among_many_good_rows_refuses_the_file(xlsx, read, case, limits):
    rows, what = BROKEN[case]

    result = read(xlsx(rows, texts=ITEMS), limits=limits)

    assert isinstance(result, UnreadableFile)
    assert [(problem.finding, problem.facts["what"]) for problem in result.problems] == [(Finding.DAMAGED, what)]


GOOD_ROW = text_row(21, 13, 0)
INLINE = '<row r="21"><c r="A21" t="inlineStr"><is><t>{}</t></is></c></row>'
BAD_XML = {
    "an unknown entity": {"rows": TWENTY + INLINE.format("a&nbsp;b")},
    "a lone ampersand": {"rows": TWENTY + INLINE.format("R&D")},
    "a control character": {"rows": TWENTY + INLINE.format("a\x01b")},
    "a character that is none": {"rows": TWENTY + INLINE.format("a\ufffeb")},
    "the end of CDATA": {"rows": TWENTY + INLINE.format("a]]>b")},
    "an attribute without value": {"rows": TWENTY + GOOD_ROW.replace('r="21">', 'r="21" bold>', 1)},
    "an attribute without quotes": {"rows": TWENTY + GOOD_ROW.replace('r="21">', 'r="21" ht=3>', 1)},
    "two numbers": {"rows": TWENTY + GOOD_ROW.replace('r="21">', 'r="21" r="22">', 1)},
    "a document type": {"rows": TWENTY, "before": "<!DOCTYPE a>"},
    "an end without start": {"rows": TWENTY + GOOD_ROW.replace("</row>", "</row></row>")},
    "something open before the rows": {"rows": TWENTY, "before": "<cols>"},
    "something open after the rows": {"rows": TWENTY, "after": "<mergeCells>"},
    "something after the end": {"rows": TWENTY, "after": "</worksheet><worksheet>"},
    "a text with an unknown entity": {"rows": TWENTY, "texts": [*ITEMS, "<si><t>a&nbsp;b</t></si>"]},
    "a text with a control character": {"rows": TWENTY, "texts": [*ITEMS, "<si><t>a\x01b</t></si>"]},
    "a rich text that is not closed": {"rows": TWENTY, "texts": [*ITEMS, "<si><r><t>a</t></si>"]},
    "texts that are not closed": {"rows": TWENTY, "texts": [*ITEMS, "<more>"]},
}


@pytest.mark.parametrize("limits", [ReadLimits(), AS_IF_LARGE], ids=["small", "large"])
@pytest.mark.parametrize("case", BAD_XML)
def test_broken_xml_refuses_the_file_whenever_it_is_noticed(xlsx, read, case, limits):
    path = xlsx(**{"texts": ITEMS, **BAD_XML[case]})

    result = read(path, limits=limits)

    assert isinstance(result, UnreadableFile)
    assert [problem.finding for problem in result.problems] == [Finding.DAMAGED]


@pytest.mark.parametrize("limits", [ReadLimits(), AS_IF_LARGE], ids=["small", "large"])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_bytes_that_are_no_text_refuse_the_file(xlsx, read, sheet, part, limits):
    whole = {
        "xl/worksheets/sheet1.xml": sheet(TWENTY + INLINE.format("Zoë")),
        "xl/sharedStrings.xml": f'<?xml version="1.0" encoding="UTF-8"?><sst>{"".join(ITEMS)}</sst>',
    }
    broken = whole[part].encode().replace("ë".encode(), b"\xeb")

    result = read(xlsx(TWENTY, texts=ITEMS, parts={part: broken}), limits=limits)

    assert isinstance(result, UnreadableFile)
    assert [problem.finding for problem in result.problems] == [Finding.DAMAGED]


# More than the first block of a megabyte, by which a large part is taken for plain.
LONG = "".join(text_row(number, 13, number % 3) for number in range(2, 15_002))
LATE = {
    "a comment": "<!-- one -->{}",
    "a comment with a row": "<!-- " + text_row(15_002, 13, 1) + " -->{}",
    "an instruction": "<?go </row>?>{}",
    "carriage returns": "\r\n{}\r\n",
    "CDATA": INLINE.format("<![CDATA[a<b]]>").replace("21", "15002") + "{}",
    "a document type": "<!DOCTYPE a>{}",
    "a comment that is not closed": "<!-- {}",
}
LATE_TEXTS = {
    "a comment": "<!-- <si><t>one</t></si> -->{}",
    "an instruction": "<?go </si>?>{}",
    "carriage returns": "\r\n{}\r\n",
    "CDATA": "<si><t><![CDATA[a<b]]></t></si>{}",
    "a document type": "<!DOCTYPE a>{}",
    "a comment that is not closed": "<!-- {}",
}


@pytest.mark.parametrize("case", LATE)
def test_a_sheet_that_ceases_to_be_plain_is_read_like_any_other(xlsx, read, case):
    late = LATE[case].format(text_row(15_003, 14, 0) + '<row r="15004"><c r="A15004"><v>7</v></c></row>')
    path = xlsx(
        text_row(1, 18, 0) + LONG + late, texts=ITEMS, after='<mergeCells><mergeCell ref="G1:H1"/></mergeCells>'
    )

    told = contents(read(path))
    proven_late = contents(read(path, limits=AS_IF_LARGE))

    assert proven_late == told


@pytest.mark.parametrize("case", LATE_TEXTS)
def test_a_table_of_texts_that_ceases_to_be_plain_is_read_like_any_other(xlsx, read, case):
    texts = [*ITEMS, *(f"<si><t>{number} {'x' * 100}</t></si>" for number in range(15_000))]
    texts.append(LATE_TEXTS[case].format("<si><t>a</t></si><si><r><t>b</t></r><r><t>c</t></r></si><si><t>d</t></si>"))
    last = len(texts) + 1
    rows = "".join(text_row(number, 13, last - 5 + number) for number in range(2, 6))
    path = xlsx(text_row(1, 18, 0) + rows, texts=texts)

    told = contents(read(path))
    proven_late = contents(read(path, limits=AS_IF_LARGE))

    assert proven_late == told


@pytest.mark.parametrize(("offset", "mask"), [(16, 0xFF), (24, 0x01)], ids=["checksum", "size"])
@pytest.mark.parametrize("limits", [ReadLimits(), AS_IF_LARGE], ids=["small", "large"])
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_a_part_that_is_not_what_the_zip_says_refuses_the_file(xlsx, read, part, limits, offset, mask):
    path = xlsx(text_row(1, 18, 0) + LONG, texts=ITEMS)
    content = bytearray(path.read_bytes())
    entry = content.rindex(part.encode()) - 46
    assert content[entry : entry + 4] == b"PK\x01\x02"
    content[entry + offset] ^= mask
    path.write_bytes(content)

    result = read(path, limits=limits)

    assert isinstance(result, UnreadableFile)
    assert [problem.finding for problem in result.problems] == [Finding.DAMAGED]


def test_a_large_sheet_that_is_not_read_must_be_whole_as_well(xlsx, read, workbook_with, sheet):
    parts = workbook_with(
        '<sheet name="Recipients" sheetId="1" r:id="rId1"/><sheet name="Old" sheetId="2" state="hidden" r:id="rId2"/>'
    )
    parts["xl/worksheets/sheet2.xml"] = sheet(TWENTY.replace("</c>", "", 1))

    result = read(xlsx(TWENTY, texts=ITEMS, parts=parts), limits=AS_IF_LARGE)

    assert isinstance(result, UnreadableFile)
    assert [problem.finding for problem in result.problems] == [Finding.DAMAGED]


def test_one_long_text_in_very_many_cells_is_counted_before_it_is_laid_out(xlsx, read):
    texts = [*ITEMS, f"<si><t>{'y' * 30_000}</t></si>"]
    rows = "".join(text_row(number, 13, len(ITEMS)) for number in range(2, 1_002))

    result = read(xlsx(text_row(1, 18, 0) + rows, texts=texts))

    assert isinstance(result, ReadFile)
    assert result.rows_file.stat().st_size > 30_000_000
    assert result.row_count == 1_000
