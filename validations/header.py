"""The header of a recipients file, compared with the header of its template's workbook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Final

from domain.cell_address import column_letters
from domain.problem import Finding, Problem

_HEADER_ROW: Final = 1
_FEWEST_IN_COMMON: Final = 1
_CELLS_SHOWN: Final = 6
_LONGEST_SHOWN: Final = 30


@dataclass(frozen=True)
class FoundRow:
    """A row as it stands in the file: its number, and its texts from left to right ('' for an empty cell)."""

    row_number: int
    texts: tuple[str, ...]


def header_problems(
    header: Sequence[str],
    *,
    cells: Sequence[str],
    expected: Sequence[str],
    workbook_command: str,
    first_rows: Sequence[FoundRow] = (),
) -> list[Problem]:
    """Return what is wrong with a header, all of it at once; an empty list when it is exactly the expected one.

    `header` holds the texts left to right and `cells` their addresses ('A1', 'B1', ...), both of the same length.
    `first_rows` are the first rows below it: where the header is not in row 1 they are shown, and searched for it.
    `workbook_command` makes a workbook with the expected header; each sentence names it.
    """
    if list(header) == list(expected):
        return []
    rows = [FoundRow(_HEADER_ROW, tuple(header)), *first_rows]
    below = next((row.row_number for row in first_rows if set(expected) <= set(row.texts)), None)
    if below is not None or _has_nothing_in_common(header, expected):
        problems = [_no_header(rows, below, expected=expected)]
    else:
        problems = _doubled(header, cells, expected) + _changed_or_missing(header, cells, expected)
        problems += _unexpected(header, cells, expected)
        problems = problems or _out_of_order(header, cells, expected)
    return [replace(one, facts={**one.facts, "workbook_command": workbook_command}) for one in problems]


def _has_nothing_in_common(header: Sequence[str], expected: Sequence[str]) -> bool:
    return len(set(header) & set(expected)) < _FEWEST_IN_COMMON and not _near_misses(header, expected)


def _no_header(rows: Iterable[FoundRow], below: int | None, *, expected: Sequence[str]) -> Problem:
    """Show the first rows, and say where the header stands if it is one of them."""
    advice = "write the header into row 1"
    if below is not None:
        advice = f"the header stands in row {below}: delete what is above it"
    found = "; ".join(f"row {row.row_number}: {_shown(row.texts)}" for row in rows)
    return _problem(Finding.NO_HEADER, None, expected=", ".join(expected), found=found, advice=advice)


def _shown(texts: Sequence[str]) -> str:
    """Show a row in one line: its first cells, long ones cut."""
    filled = [text for text in texts[:_CELLS_SHOWN] if text]
    if not filled:
        return "nothing"
    cut = [text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}\u2026" for text in filled]
    return ", ".join(" ".join(text.split()) for text in cut) + ("" if len(texts) <= _CELLS_SHOWN else ", \u2026")


def _doubled(header: Sequence[str], cells: Sequence[str], expected: Sequence[str]) -> list[Problem]:
    doubles = _doubles(header, expected)
    return [
        _problem(
            Finding.HEADER_COLUMN_DOUBLED, header[place], found=header[place], first=cells[first], cell=cells[place]
        )
        for place, first in doubles.items()
    ]


def _doubles(header: Sequence[str], expected: Sequence[str]) -> dict[int, int]:
    """Return the places of columns that stand there twice, by case and blanks too, with that of the first one."""
    first: dict[str, int] = {}
    doubles: dict[int, int] = {}
    for place, text in enumerate(header):
        # A template may have two columns that look nearly alike: only its own words tell those apart.
        name = text if text in expected else _fold(text)
        if text and name in first:
            doubles[place] = first[name]
        first.setdefault(text, place)
        first.setdefault(_fold(text), place)
    return doubles


def _changed_or_missing(header: Sequence[str], cells: Sequence[str], expected: Sequence[str]) -> list[Problem]:
    near = _near_misses(header, expected)
    problems = []
    for place, column in enumerate(expected):
        if column in header:
            continue
        if column in near:
            cell = cells[header.index(near[column])]
            found = near[column]
            problems.append(_problem(Finding.HEADER_CELL_CHANGED, column, cell=cell, expected=column, found=found))
        elif place < len(header) and not header[place]:
            problems.append(
                _problem(Finding.HEADER_CELL_CHANGED, column, cell=cells[place], expected=column, found="blank")
            )
        else:
            problems.append(
                _problem(Finding.HEADER_COLUMN_MISSING, column, expected=column, cell=column_letters(place))
            )
    return problems


def _unexpected(header: Sequence[str], cells: Sequence[str], expected: Sequence[str]) -> list[Problem]:
    explained = set(expected) | set(_near_misses(header, expected).values())
    doubles = _doubles(header, expected)
    problems = []
    for place, (text, cell) in enumerate(zip(header, cells, strict=True)):
        is_blank_in_place = not text and place < len(expected) and expected[place] not in header
        if text not in explained and place not in doubles and not is_blank_in_place:
            problems.append(
                _problem(Finding.HEADER_COLUMN_UNEXPECTED, text or None, cell=cell, found=text or "(blank)")
            )
    return problems


def _out_of_order(header: Sequence[str], cells: Sequence[str], expected: Sequence[str]) -> list[Problem]:
    order = ", ".join(expected)
    return [
        _problem(Finding.HEADER_ORDER, should, cell=cell, expected=should, found=text, order=order)
        for text, cell, should in zip(header, cells, expected, strict=False)
        if text != should
    ]


def _near_misses(header: Sequence[str], expected: Sequence[str]) -> dict[str, str]:
    """Return, for expected columns that are not there, the header text that is most likely meant for each."""
    unclaimed = [text for text in header if text and text not in expected]
    near: dict[str, str] = {}
    for column in expected:
        if column in header:
            continue
        folded = {_fold(text): text for text in unclaimed}
        match = get_close_matches(_fold(column), folded, n=1, cutoff=0.7)
        if match:
            near[column] = folded[match[0]]
            unclaimed.remove(near[column])
    return near


def _fold(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _problem(finding: Finding, column: str | None, **facts: object) -> Problem:
    return Problem(finding, _HEADER_ROW, column, facts)
