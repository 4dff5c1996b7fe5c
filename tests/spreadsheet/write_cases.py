"""Writes docs/spreadsheet-cases.md from the table of cases: `.venv/bin/python tests/spreadsheet/write_cases.py`."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/spreadsheet-cases.md"

_HEAD = """# Spreadsheets as people send them

What becomes of each kind of file, and the very sentence that its sender gets. `tests/spreadsheet/cases.py` makes
every one of these files, and a test sends each through the reader or through the whole check. This page is written from
that table by `.venv/bin/python tests/spreadsheet/write_cases.py`; a test compares them.

The template of the examples has one variable, so the header of its workbook is `user_id`, `name`. What is read is read
as text, exactly as the spreadsheet shows it; sentences in *italics* are notes on a file that is read.

| case | the file | what happens | the sentence |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as the table of cases says it."""
    from spreadsheet.cases import EXAMPLES

    return _HEAD + "".join(_line(example) for example in EXAMPLES)


def _line(example) -> str:
    note = example.sentence and (_plain(example.sentence) if example.finding else f"*{_plain(example.sentence)}*")
    return f"| {example.case} | {_plain(example.what)} | {_what_happens(example)} | {note} |\n"


def _what_happens(example) -> str:
    if example.finding is None:
        return f"read: {'; '.join(_plain(_value(row)) for row in example.values)}"
    if example.row is None:
        return "the file is refused"
    return "the header is refused" if example.row == 1 else f"row {example.row} is marked"


def _value(row) -> str:
    return ", ".join("" if value is None else value for value in row)


def _plain(text: str) -> str:
    for mark, shown in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("*", "\\*"), ("\n", " ⏎ ")):
        text = text.replace(mark, shown)
    return text


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    PAGE.write_text(page(), encoding="utf-8")
