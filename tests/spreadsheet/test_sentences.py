"""Every finding that this door can give has a sentence that its facts fill."""

import re
from pathlib import Path

from clients import spreadsheet
from domain.problem import FINDINGS, Finding, Problem

SOURCES = "\n".join(path.read_text("utf-8") for path in sorted(Path(spreadsheet.__file__).parent.glob("*.py")))

FACTS = {
    Finding.EMPTY_FILE: {},
    Finding.NOT_A_SPREADSHEET: {"actual": "a picture", "extension": ".xlsx"},
    Finding.UNSUPPORTED_FORMAT: {"actual": "a picture"},
    Finding.ENCRYPTED: {},
    Finding.MACROS: {},
    Finding.DAMAGED: {"what": "x"},
    Finding.TOO_LARGE: {"what": "x"},
    Finding.READER_STOPPED: {},
    Finding.CHANGED_WHILE_READ: {},
    Finding.ONLY_HIDDEN_SHEETS: {"sheets": "A, B"},
    Finding.SEVERAL_SHEETS: {"sheets": "A, B"},
    Finding.NO_SUCH_SHEET: {"sheet": "C", "sheets": "A, B"},
    Finding.HIDDEN_ROWS: {"count": 2, "first": 4},
    Finding.HIDDEN_COLUMNS: {"columns": "B"},
    Finding.MERGED_CELLS: {"cells": "A2:A3"},
    Finding.BAD_ENCODING: {"line": 3},
    Finding.BAD_CSV_LINE: {"line": 3, "what": "x"},
    Finding.READERS_DISAGREE: {"what": "x"},
    Finding.NO_RECIPIENTS: {},
    Finding.ID_STORED_AS_NUMBER: {"found": "1.2E+16"},
    Finding.VALUE_STORED_AS_LONG_NUMBER: {"found": "1.2E+16"},
    Finding.CELL_ERROR: {"found": "#N/A"},
    Finding.CELL_FORMULA_WITHOUT_VALUE: {},
    Finding.CELL_CONTROL_CHARACTER: {"found": "U+0007"},
    Finding.CELL_TOO_LONG: {"length": 40_000},
}


def test_the_table_covers_every_finding_that_is_given_here():
    named = {Finding[name] for name in re.findall(r"Finding\.([A-Z_]+)", SOURCES)}

    assert named == set(FACTS)


def test_every_sentence_is_filled_by_its_facts_and_by_no_others():
    for finding, facts in FACTS.items():
        problem = Problem(finding, 2, "name", facts)
        wanted = set(re.findall(r"\{(\w+)\}", FINDINGS[finding][1])) - {"column"}

        assert wanted == set(facts)
        assert problem.text.endswith((".", "it."))
        assert "{" not in problem.text
